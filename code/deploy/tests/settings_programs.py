"""Programs that read an app's settings as its start does: run in the app's folder, by its own interpreter."""

READ = {
    "train": "from libs.service.settings import TrainSettings as S; from sentiment.service.settings import read_settings; read_settings(S)",
    "serve": "from libs.service.settings import ServeSettings as S; from sentiment.service.settings import read_settings; read_settings(S)",
    "stream": "import sys; from libs.service.settings import read_stream_settings; read_stream_settings(sys.argv[1])",
}
