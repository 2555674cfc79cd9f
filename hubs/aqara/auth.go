package aqara

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

const (
	newTokenHint = "Make a new token in Aqara Studio, under Developer > Data Export API, and put it into ACCESS_TOKEN."
	newPairHint  = "Press Refresh Token in Aqara Studio, under Developer > Data Export API, and put the new pair into " +
		"ACCESS_TOKEN and REFRESH_TOKEN."
)

// grant renews a token pair at the Studio. Each renewal ends both old tokens at once:
// the manager sees to it that the new ones are saved before they are used, and that
// nobody else renews at the same time.
type grant struct {
	rest *rest.Client
	base string
}

var _ auth.Grant = (*grant)(nil)

// Grant implements auth.Grant.
func (g *grant) Grant(ctx context.Context, old auth.Token) (auth.Token, error) {
	if old.Refresh == "" {
		return auth.Token{}, &auth.LoginError{
			Reason: "Aqara Studio no longer takes the access token, and a token of this kind cannot be renewed",
			Hint:   newTokenHint,
		}
	}
	var got auth.Token
	err := g.rest.Do(hubs.WithPurpose(ctx, hubs.ForToken), rest.Call{
		Name: "token renewal", URL: g.base + refreshPath,
		// The old access token goes along, though one document leaves it out. Whether an
		// expired one is taken is not written down either: renewing early avoids the question.
		Header: http.Header{"Authorization": {"Bearer " + old.Access.Reveal()}},
		Body:   map[string]string{"refreshToken": old.Refresh.Reveal()},
		Classify: func(status int, header http.Header, body []byte) (err error) {
			got, err = readPair(status, header, body, old)
			return err
		},
	})
	return got, grantError(err)
}

// wirePair is the data of a renewal's answer. The type of its envelope differs between
// documents and is not looked at.
type wirePair struct {
	Access  text   `json:"accessToken"`
	Refresh text   `json:"refreshToken"`
	Expires number `json:"expiresIn"` // seconds
}

func readPair(status int, header http.Header, body []byte, old auth.Token) (auth.Token, error) {
	e, ok := parseEnvelope(body, old)
	if !ok {
		if status/100 == 2 {
			return auth.Token{}, rest.Garbage("answered something that Aqara Studio does not")
		}
		if status == http.StatusNotFound {
			e := rest.Fail(hubs.Misconfigured, "404", "answered 404")
			e.Hint = "Newer versions of Aqara Studio do not renew tokens. " + newTokenHint + " Leave REFRESH_TOKEN empty."
			return auth.Token{}, e
		}
		return auth.Token{}, nil
	}
	if err := classify(status, header, e); err != nil || status/100 != 2 {
		return auth.Token{}, err
	}
	var pair wirePair
	if data := strings.TrimSpace(string(e.Data)); data == "" || data[0] != '{' || json.Unmarshal(e.Data, &pair) != nil {
		return auth.Token{}, rest.Garbage("answered without tokens")
	}
	tok := auth.Token{Access: cleanToken(string(pair.Access)), Refresh: cleanToken(string(pair.Refresh))}
	if tok.Access == "" || checkToken(tok.Access) != nil || checkToken(tok.Refresh) != nil {
		return auth.Token{}, rest.Garbage("answered without tokens")
	}
	if tok.Refresh == "" {
		tok.Refresh = old.Refresh
	}
	const tenYears = 10 * 365 * 24 * 3600
	if s := pair.Expires; s.Known && s.F > 0 && s.F < tenYears {
		tok.Issued = time.Now()
		tok.Expiry = tok.Issued.Add(time.Duration(s.F * float64(time.Second)))
	}
	return tok, nil
}

// grantError turns a refusal into one that only a human can help with. All else is
// worth another try: if an answer got lost and the pair is spent with it, that try is
// refused.
func grantError(err error) error {
	e, ok := errors.AsType[*hubs.Error](err)
	if !ok {
		return err
	}
	switch {
	case e.Fault == hubs.LoginNeeded, e.Fault == hubs.Refused, e.Code == "403":
		return &auth.LoginError{
			Reason: "Aqara Studio refused to renew the token pair: it was replaced there, or has ended, or an answer with the next pair got lost",
			Hint:   newPairHint, Code: e.Code,
		}
	}
	return e // its After tells the manager how long the Studio wants to be left alone
}

// cleanToken takes what people paste: the Studio's copy button may put "Bearer " in
// front.
func cleanToken(raw string) auth.Secret {
	s := strings.TrimSpace(raw)
	if first, rest, _ := strings.Cut(s, " "); strings.EqualFold(first, "bearer") {
		s = strings.TrimSpace(rest)
	}
	return auth.Secret(s)
}

var errToken = errors.New("is not a token: it holds blanks or unreadable characters, copy it once more")

// checkToken finds what could not be sent in a header.
func checkToken(s auth.Secret) error {
	bad := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	if strings.ContainsFunc(s.Reveal(), bad) {
		return errToken
	}
	return nil
}
