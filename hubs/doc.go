// Package hubs is the language that every vendor speaks to the bridge: what a
// device is (Device, Entity, Spec), what is known of it (Reading, Value), what it
// can be asked for (Command), what goes wrong (Error), and the contract that an
// adapter fulfils (Hub and its optional powers).
//
// It knows neither MQTT nor Home Assistant, does no I/O and knows no vendor.
// Package discovery decides how Home Assistant calls things; package bridge
// decides when they are asked for and published.
//
// The data's way is: hub JSON → decode → Device and Reading → discovery and state
// payloads → MQTT, and back: command payload → Command → encode → hub call.
//
// Where the shapes came from: one flat list of values per Reading, since partial
// push merges trivially and change is ==; a closed set of Specs, since the
// compiler then names every place a new kind needs. Each Spec lists its Fields
// (what can be seen and set, in which range), so that one check serves all
// commands of all vendors, and one suite can hold every reading against them.
package hubs
