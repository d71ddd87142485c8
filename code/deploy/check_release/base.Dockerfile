# Stands in for the official Python images where no registry can be reached: Debian's Python on what mmdebstrap made.
FROM scratch AS base
ADD base.tar /

FROM base AS builder
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev python3-dev
