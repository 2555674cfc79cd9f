// Package e2e holds the end-to-end tests (build tag e2e): the real binary as a
// process, the simulators in another one, a real Mosquitto, and a real Home Assistant
// where HUB2MQTT_TEST_HA names a command that starts one (README.md says what that
// command must do). It knows the product by its outward names only.
package e2e
