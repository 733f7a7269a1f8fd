# Both programs as static binaries on nothing: no shell, no package manager, no root.
#
#   docker build -t model-dashboard:0.1.0 .
#   docker run -p 8501:8501 -p 8000:8000 -v models:/data -e DASHBOARD_ALLOW_HTTP=true model-dashboard:0.1.0

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Static, and without the address of the build in it.
ENV RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
    && cargo build --release --locked --target "$target" -p model-dashboard-web -p model-dashboard-cli \
    && mkdir -p /image/usr/local/bin /image/etc/ssl/certs /image/data /image/tmp \
    && cp "target/$target/release/model-dashboard-web" "target/$target/release/model-dashboard" \
        /image/usr/local/bin/ \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && chmod 1777 /image/tmp

FROM scratch
COPY --from=build /image/usr /usr
COPY --from=build /image/etc /etc
COPY --from=build /image/tmp /tmp
# A volume begins as what lies there: this user's.
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
ENV DATA_DIR=/data DASHBOARD_HOST=0.0.0.0 API_HOST=0.0.0.0
VOLUME /data
EXPOSE 8501 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/usr/local/bin/model-dashboard-web", "--check-health"]
ENTRYPOINT ["/usr/local/bin/model-dashboard-web"]
