package tuya

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/loose"
)

const tokenPath = "/v1.0/token"

// grant gets tokens for the project: with the refresh token, which works once and ends
// both old tokens, and else with the keys of the project alone. So nobody ever has to
// log in, and a lost answer costs one call.
type grant struct{ client *client }

var _ auth.Grant = (*grant)(nil)

// Grant implements auth.Grant.
func (g *grant) Grant(ctx context.Context, old auth.Token) (auth.Token, error) {
	ctx = hubs.WithPurpose(ctx, hubs.ForToken)
	if old.Refresh != "" && !ended(old, time.Now()) {
		tok, err := g.ask(ctx, request{name: "token renewal", path: tokenPath + "/" + url.PathEscape(old.Refresh.Reveal())})
		if err == nil || !spent(err) {
			return tok, err
		}
	}
	return g.ask(ctx, request{name: "token", path: tokenPath, query: []field{{"grant_type", "1"}}})
}

// ended tells whether old is renewed so early that only a refusal can be the reason:
// whatever ended it ended its refresh token as well.
func ended(old auth.Token, now time.Time) bool {
	if old.Issued.IsZero() || old.Expiry.IsZero() {
		return false
	}
	life := old.Expiry.Sub(old.Issued)
	return now.Before(old.Issued.Add(life * 6 / 10)) // renewals are due from 70 % on
}

// spent tells whether a renewal was refused for its refresh token.
func spent(err error) bool {
	if errors.Is(err, auth.ErrRejected) {
		return true
	}
	switch hubs.FaultOf(err) {
	case hubs.Refused, hubs.UnknownDevice, hubs.Bug:
		return true
	default:
		return false
	}
}

func (g *grant) ask(ctx context.Context, call request) (auth.Token, error) {
	sent := time.Now()
	raw, err := g.client.send(ctx, call, "")
	if err != nil {
		if errors.Is(err, auth.ErrRejected) && call.query != nil {
			// The keys alone were asked for: there is no token to be refused.
			err = &auth.LoginError{Reason: "Tuya gives the project no token", Hint: keyHint, Code: codeOf(err), Err: err}
		}
		return auth.Token{}, err
	}
	tok, ok := readToken(raw, sent)
	if !ok {
		return auth.Token{}, shape(call.name, "answered without a token")
	}
	return tok, nil
}

// readToken reads the answer to a call that was sent at sent. One document names the
// life expire, all others expire_time; both are seconds.
func readToken(raw json.RawMessage, sent time.Time) (auth.Token, bool) {
	var w struct {
		Access  loose.Text   `json:"access_token"`
		Refresh loose.Text   `json:"refresh_token"`
		Life    loose.Number `json:"expire_time"`
		Life2   loose.Number `json:"expire"`
	}
	if json.Unmarshal(raw, &w) != nil || checkKey("", string(w.Access)) != nil {
		return auth.Token{}, false
	}
	tok := auth.Token{Access: auth.Secret(w.Access), Issued: sent}
	if checkKey("", string(w.Refresh)) == nil {
		tok.Refresh = auth.Secret(w.Refresh)
	}
	const longest = 366 * 24 * 3600
	for _, life := range []loose.Number{w.Life, w.Life2} {
		if life.F > 0 && life.F < longest {
			tok.Expiry = sent.Add(time.Duration(life.F * float64(time.Second)))
			break
		}
	}
	return tok, true
}
