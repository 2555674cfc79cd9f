// Package anon takes out of JSON what tells whose home it is, so that it can be shown to
// strangers: names, rooms, ids, addresses, places and secrets become words that mean
// nothing, the same value always the same word. The vendor's own vocabulary (codes,
// types, units, products) stays, since a bug report is worth nothing without it.
//
// It knows no vendor. What a text is follows from its key (map.go) and, where the key
// says nothing, from its looks (shape.go). In doubt a text goes.
//
// All is learned first, from every document, and replaced afterwards: a name that stands
// under "deviceName" here may stand inside a sentence there.
package anon
