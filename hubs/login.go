package hubs

import (
	"context"
	"net/url"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

// Loginer is a Hub whose first grant needs a human in a browser. It keeps nothing
// between the two calls: the attempt holds all, so that another process may end what
// this one began. auth.OAuthLogin is one for plain OAuth2.
type Loginer interface {
	// LoginURL is the address that a person opens for this attempt. It does no I/O.
	LoginURL(a auth.Attempt) (string, error)
	// FinishLogin takes the query that came back to the attempt's redirect, whose state
	// has been checked: it gets the token and gives it to the token manager. The error is
	// a sentence for people that holds nothing secret of the answer.
	FinishLogin(ctx context.Context, a auth.Attempt, answer url.Values) error
}

// TokenTaker is a Hub whose vendor has no login for programs: a person copies a token
// from the vendor's own page.
type TokenTaker interface {
	// TokenFields are what a person is asked for, in this order. It is never empty.
	TokenFields() []TokenField
	// TakeToken takes what was entered, by the fields' names: it checks the token with the
	// vendor and gives it to the token manager. With an error nothing has changed, or the
	// token works but could not be saved; it is a sentence for people.
	TakeToken(ctx context.Context, entered map[string]auth.Secret) error
}

// TokenField is one thing to copy.
type TokenField struct {
	Name     string // [a-z_]+
	Label    string // what people read: "Access token"
	Help     string // where it is found
	Optional bool
}
