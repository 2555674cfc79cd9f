// Package tuyatest simulates a data centre of Tuya Cloud, as its public documentation
// describes it: the signed OpenAPI with its tokens, lists, specifications and commands,
// and both push channels: Pulsar over WebSocket and Open-Hub over MQTT.
//
// It is a second reading of that documentation. It must not know the client, nor
// anything else of hub2mqtt, and it refuses whatever the documentation does not
// allow. Where the documentation is silent or contradicts itself, Options offers
// each of the possible behaviours.
//
// All state sits in memory behind one mutex. Time is Options.Now, time.Now by default,
// so that a Cloud served over net.Pipe works inside a testing/synctest bubble.
package tuyatest
