// Package aqaratest simulates Aqara Studio and its local Data Export API, as its
// public documentation describes it: the typed envelope on one path (generation A),
// the REST paths beside it (generation B) and the WebSocket that pushes.
//
// It is a second reading of that documentation. It must not know the client, nor
// anything else of hub2mqtt, and it refuses whatever the documentation does not
// allow. Where the documentation is silent or contradicts itself, Options offers
// each of the possible behaviours.
//
// All state sits in memory behind one mutex. Time is time.Now, so that a Studio
// served over net.Pipe works inside a testing/synctest bubble.
package aqaratest
