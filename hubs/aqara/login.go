package aqara

import (
	"context"
	"errors"
	"fmt"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The Studio has no login for programs: a person copies a token from its page.

var _ hubs.TokenTaker = (*hub)(nil)

const (
	fieldAccess  = "access_token"
	fieldRefresh = "refresh_token"
)

// TokenFields implements hubs.TokenTaker.
func (h *hub) TokenFields() []hubs.TokenField {
	return []hubs.TokenField{
		{
			Name: fieldAccess, Label: "Access token",
			Help: "In Aqara Studio, under Developer > Data Export API: press Refresh Token, or make a new token, and copy it.",
		},
		{
			Name: fieldRefresh, Label: "Refresh token", Optional: true,
			Help: "It stands in the same place. A token that you gave a name in the Studio has none.",
		},
	}
}

// TakeToken implements hubs.TokenTaker. A token that the Studio does not know, or that
// it cannot be asked about, would only push out one that may be good.
func (h *hub) TakeToken(ctx context.Context, entered map[string]auth.Secret) error {
	t := auth.Token{
		Access: cleanToken(entered[fieldAccess].Reveal()), Refresh: cleanToken(entered[fieldRefresh].Reveal()),
	}
	if t.Access == "" {
		return errors.New("the access token is missing")
	}
	if err := checkToken(t.Access); err != nil {
		return fmt.Errorf("the access token %w", err)
	}
	if err := checkToken(t.Refresh); err != nil {
		return fmt.Errorf("the refresh token %w", err)
	}
	probe := &client{rest: h.client.rest, tokens: pasted(t), base: h.client.base, prefix: newPrefix()}
	_, err := probe.query(ctx, "token check", typeDevicePage, map[string]any{
		"orderBy": "createTime asc", "pageNum": 1, "pageSize": 1,
	})
	switch {
	case errors.Is(err, auth.ErrRejected):
		return errors.New("the Studio does not know this access token: copy both tokens once more, each into its own field")
	case err != nil && hubs.FaultOf(err) == hubs.Transient:
		return fmt.Errorf("the Studio could not be asked whether it knows the token, nothing was changed: %w", err)
	}
	return h.login(ctx, t) // what else is wrong is not the token's fault, and the hub's state tells it
}

// pasted is one token that nobody renews.
type pasted auth.Token

func (p pasted) Do(ctx context.Context, call func(context.Context, auth.Token) error) error {
	return call(ctx, auth.Token(p))
}

func (p pasted) Token(context.Context) (auth.Token, error) { return auth.Token(p), nil }
func (p pasted) Changed() <-chan struct{}                  { return nil }
