// Package hubtest helps to test what speaks the language of package hubs: a suite
// that every vendor's adapter passes (Run), a hub that does as it is told (Fake),
// a believable home (Home), and golden files (Golden).
//
// A vendor brings a simulator of its cloud or box as a Server; Faults stands before
// its handler and breaks its answers, so that the adapter in the vendor's test file
// stays short. The suite's rules are those of the contracts in package hubs, no more:
// it must not know any vendor, MQTT or Home Assistant.
//
// The package owns the test flag -update; a test package that imports it asks
// Updating and defines no flag of that name.
package hubtest
