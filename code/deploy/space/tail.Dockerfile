# What a Space adds to serve's own Dockerfile: a release to start with, Hugging Face's port, and its user (always 1000).
COPY store /store
ENV STORE_URL=file:///store \
    PORT=7860 \
    MODEL_CACHE_DIR=/tmp/releases
EXPOSE 7860
USER 1000:1000
