# A static binary in an empty image, run without root privileges.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base && mkdir /data
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
# Tables that the program embeds.
COPY fixtures fixtures
COPY benches benches
COPY tests tests
RUN cargo build --release --locked --bin specularite

FROM scratch
COPY --from=build /src/target/release/specularite /specularite
COPY --from=build --chown=65534:65534 /data /data
COPY LICENSE /LICENSE
USER 65534:65534
ENV SPECULARITE_LISTEN=0.0.0.0:7310 SPECULARITE_CONTROL_FROM=private SPECULARITE_DATA_DIR=/data
VOLUME /data
EXPOSE 7310
HEALTHCHECK --interval=5s --timeout=2s --start-period=1s CMD ["/specularite", "health"]
ENTRYPOINT ["/specularite"]
CMD ["serve"]
