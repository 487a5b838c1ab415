# The image of every place of the driver: the program, exactly the libraries that it and its tools need,
# and no shell. `make image` builds it without a Docker engine; `docker build .` builds the same.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/setup scripts/
RUN scripts/setup build && apt-get install -q -y --no-install-recommends kmod
COPY . .
RUN cmake --preset release && cmake --build --preset release --target nvmeof-csi
ARG SOURCE_DATE_EPOCH=0
RUN scripts/image-root build/release /image "${SOURCE_DATE_EPOCH}"

FROM scratch
COPY --from=build /image /
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="nvmeof-csi" \
      org.opencontainers.image.description="Kubernetes CSI driver for NVMe over Fabrics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/usr/sbin:/usr/bin
# As root, because node and target are useless without; the chart gives the controller another user. How
# healthy it is, it says over HTTP (--health): a command that asks would be one program more.
ENTRYPOINT ["/usr/bin/nvmeof-csi"]
