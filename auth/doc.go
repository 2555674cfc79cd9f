// Package auth keeps the rights of an account alive: it stores tokens, renews them once, early and by one process,
// and hands calls a valid one. It also keeps secrets out of what people can read.
//
// It must not know MQTT, Home Assistant or any vendor: how a vendor gives and renews tokens is a [Grant] that the
// vendor's own package implements, and where tokens lie is a [KV].
//
// A token may be good for one renewal only, and its answer may get lost. So a [Manager] proves that the store takes a
// write before it spends one, writes down that it is being spent, and saves what it got before anybody uses it.
//
// A login by browser has two halves, which may happen in two processes: what is between them, an [Attempt], lies in the
// store too. Accounts may hang together: [Shared] gives all who use one the same Manager, and Config.Over names the
// account whose token another one's is made with.
package auth
