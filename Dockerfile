# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/hub2mqtt ./cmd/hub2mqtt \
 && mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=build /out/hub2mqtt /hub2mqtt
COPY --from=build --chown=65532:65532 /out/data /data
# In a container both listeners must be reached from outside, so they ask for passwords:
# MQTT_USERNAME and MQTT_PASSWORD (embedded broker only), HTTP_PASSWORD.
ENV DATA_DIR=/data HTTP_LISTEN=0.0.0.0:8099 MQTT_LISTEN=0.0.0.0:1883 LOG_FORMAT=json
USER 65532:65532
VOLUME /data
EXPOSE 8099 1883
HEALTHCHECK --interval=30s --timeout=6s --start-period=20s CMD ["/hub2mqtt", "healthcheck"]
ENTRYPOINT ["/hub2mqtt"]
CMD ["run"]
