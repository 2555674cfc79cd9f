// Package hubtest helps to test what speaks the language of package hubs: a suite
// that every vendor's adapter passes (Run), a hub that does as it is told (Fake),
// a believable home (Home), and golden files (Golden).
//
// The suite's rules are those of the contracts in package hubs, no more: it must not
// know any vendor, MQTT or Home Assistant. Each check runs in a bubble of
// testing/synctest, hub and simulator on a pipe, so that waiting costs nothing.
//
// # What a new vendor writes
//
// Its simulator (hubs/foo/footest) is an http.Handler that keeps a fault.Table:
//
//   - Describe names each call and says whether it renews a token (fault.Renewal), opens
//     a stream (fault.Stream), which page of the inventory it asks for, and where tokens
//     build on each other which one it needs (Layer).
//   - Say words a status as the vendor does: its envelope, its codes.
//   - The handler is Table.Wrap of the real one, which asks fault.PlanOf for Skew (the
//     times in its answers and Table.Clock in its pushes), Stale and Ignored.
//   - A stream is a Table.OpenLine, closed at its end: Line.Say for what answers, and for
//     news Table.Push once and Line.Send for each stream; fault.Spread where an update of
//     several values can come in pieces. What waits in a queue until somebody listens goes
//     through a fault.Order before the queue, and through Table.Spoiled before it is
//     encrypted.
//
// Its test file has a Server around the simulator (Remove and Happen too, where devices
// leave and things happen) and one call of Run, whose Options say what the suite cannot
// know: a command, how long it takes to show, token layers, what a cache saves, how a
// quota is set, and in Skip, with the reason, what the vendor does not have.
//
// Its client passes without help from here if calls go through hubs/internal/rest and
// auth.Manager.Do, lists come whole or not at all, values carry the vendor's times, and
// Watch watches auth.Manager.Changed.
//
// The package owns the test flag -update; a test package that imports it asks
// Updating and defines no flag of that name.
package hubtest
