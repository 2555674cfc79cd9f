// Package oauthtest is an OAuth2 server for tests and demos, as strict as a vendor's: codes live for seconds and work
// once, a redirect must be registered to the letter, a client must authenticate in the one style that was agreed, and
// where refresh tokens rotate an old one ends the whole grant.
//
// It must not know our client: it is a second reading of RFC 6749 and RFC 7636.
package oauthtest
