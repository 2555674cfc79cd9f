// Package bridge runs hubs and keeps MQTT true to them: one supervised poller a hub
// (poller.go), the merged truth of its devices (state.go, pending.go), a command
// queue with order per device (command.go), what was published (manifest.go), and a
// last-value store over paho (mqtt.go).
//
// It knows neither a vendor nor a payload: hubs come in as hubs.Hub, payloads are
// made and read by discovery. One hub's failure, hang or panic touches nothing of
// another: each has its own lock, its own goroutines and its own clock.
package bridge
