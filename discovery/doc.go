// Package discovery decides how Home Assistant calls things. It renders devices as
// MQTT discovery messages, values as state payloads, and reads command payloads
// back into what hubs understand.
//
// It must not know vendors, clocks, files or connections: every function is pure,
// and package bridge decides when what is published.
//
// A Layout with an empty Hub describes the bridge's own device, whose ID is "bridge":
// its topics lack the hub's level.
//
// Of the shapes that were open:
//
//   - The extra values of an entity (hubs.Entity.Attrs) stand as one object under
//     ENTITY_attributes in the device JSON, always whole, so that they have a parent
//     in every message and cannot be mistaken for an entity's own members. Where the
//     device has an entity of that name, _ is added.
//   - A device trigger's component key is ENTITY-TYPE: no entity key has a hyphen.
//   - Announce returns messages beside an error: what it cannot render is named in the
//     error and left out, the rest of the device lives.
//   - State writes null where Home Assistant would refuse a value with a line in its
//     log at every message: a word that is not among the options, a number outside its
//     range, a text longer than declared.
//   - Write-only entities, buttons, scenes and events have no key in the device JSON.
//   - A null member of a composite command leaves that member as it is, so that a state
//     can be sent back; a null for a whole entity is a fault.
//   - A connectivity sensor has an empty availability list, or the device's would hide
//     its off.
//   - A device class is announced only with the units that every Home Assistant since
//     2025.10 takes with it, since an older one refuses the whole entity otherwise.
package discovery
