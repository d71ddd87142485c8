# train's image with the client of MLflow, which is optional and left out of the released one. Build context: code/; the image
# `train` is given by compose as a context of that name.
FROM train
USER root
COPY train/build/requirements-experiments.txt /build/
RUN /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes --requirement /build/requirements-experiments.txt
USER 10001:10001
