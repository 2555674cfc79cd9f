package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// Door is where one hub is logged in.
type Door struct {
	Hub      hubs.Hub
	Redirect string // where the vendor sends the browser back to
}

// Desk logs hubs in, for the page and for the terminal. Logins under way lie in the
// store: either may finish what the other began. It is safe for concurrent use.
type Desk struct {
	attempts *auth.Attempts
	log      zerolog.Logger

	mu    sync.RWMutex
	doors map[string]Door
}

// NewDesk returns a desk that knows no hub yet.
func NewDesk(store auth.KV, log zerolog.Logger) *Desk {
	return &Desk{attempts: auth.NewAttempts(store), log: log, doors: map[string]Door{}}
}

// Set gives the desk a hub, or another one of that name.
func (d *Desk) Set(hub string, door Door) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.doors[hub] = door
}

// Drop has the desk forget a hub.
func (d *Desk) Drop(hub string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.doors, hub)
}

// door is a hub's; its Hub is nil where there is none.
func (d *Desk) door(hub string) Door {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.doors[hub]
}

// finishLimit bounds a login's second half: one exchange, and the lock and save of a token.
const finishLimit = 100 * time.Second

var (
	errNotByBrowser = errors.New("this hub is not logged in by a browser")
	errNotByToken   = errors.New("this hub takes no token here")
)

// ByBrowser tells whether a hub is logged in on its vendor's page.
func (d *Desk) ByBrowser(hub string) bool {
	_, ok := d.door(hub).Hub.(hubs.Loginer)
	return ok
}

// Fields are what a person copies from the vendor's page into ours; none: that is not
// how this hub is logged in.
func (d *Desk) Fields(hub string) []hubs.TokenField {
	if t, ok := d.door(hub).Hub.(hubs.TokenTaker); ok {
		return t.TokenFields()
	}
	return nil
}

// Begin starts a login by browser: address is what a person opens, state names the attempt.
func (d *Desk) Begin(ctx context.Context, hub string) (address, state string, err error) {
	door := d.door(hub)
	l, ok := door.Hub.(hubs.Loginer)
	if !ok {
		return "", "", errNotByBrowser
	}
	a, err := d.attempts.Begin(ctx, hub, door.Redirect)
	if err != nil {
		return "", "", err
	}
	address, err = l.LoginURL(a)
	if err != nil {
		return "", "", fmt.Errorf("the login cannot begin: %w", err)
	}
	return address, a.State, nil
}

// Finish takes the answer that came back to the redirect, once. It goes on if ctx ends:
// a code that was sent is spent. The error is a sentence for people.
func (d *Desk) Finish(ctx context.Context, hub string, answer url.Values) error {
	l, ok := d.door(hub).Hub.(hubs.Loginer)
	if !ok {
		return errNotByBrowser
	}
	a, err := d.attempts.Take(ctx, hub, answer.Get("state"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	err = l.FinishLogin(ctx, a, answer)
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if endErr := d.attempts.End(ctx, hub, a.State, problem); endErr != nil {
		d.log.Warn().Str("hub", hub).Err(endErr).Msg("who began this login may not see how it ended")
	}
	d.note(hub, err)
	return err
}

// Take takes a token that a person copied, by the names of Fields.
func (d *Desk) Take(ctx context.Context, hub string, entered map[string]auth.Secret) error {
	t, ok := d.door(hub).Hub.(hubs.TokenTaker)
	if !ok {
		return errNotByToken
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	err := t.TakeToken(ctx, entered)
	d.note(hub, err)
	return err
}

// Outcome tells how an attempt that was begun stands, whoever finishes it.
func (d *Desk) Outcome(ctx context.Context, hub, state string) (auth.Outcome, error) {
	return d.attempts.Outcome(ctx, hub, state)
}

func (d *Desk) note(hub string, err error) {
	if err != nil {
		d.log.Warn().Str("hub", hub).Err(err).Msg("login failed")
		return
	}
	d.log.Info().Str("hub", hub).Msg("logged in")
}

const (
	maxAnswer  = 16 << 10
	pasteAgain = "paste the whole address where the browser ended: it holds state=… and code=…"
)

// ParseAnswer reads what a person pasted: the address where the browser ended, or its
// query alone, with whatever blanks, line ends and quotes came along. The error never
// quotes it.
func ParseAnswer(pasted string) (url.Values, error) {
	if len(pasted) > maxAnswer {
		return nil, errors.New("this is too long for a return address: " + pasteAgain)
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, pasted)
	text = strings.Trim(text, `"'<>`)
	rest, fragment, _ := strings.Cut(text, "#")
	query := rest
	if _, after, ok := strings.Cut(rest, "?"); ok {
		query = after
	}
	var answer url.Values
	for _, part := range []string{query, fragment} { // some vendors answer behind a #
		v, err := url.ParseQuery(part)
		if err == nil && v.Has("state") {
			answer = v
			break
		}
	}
	switch {
	case answer.Has("client_id") && !answer.Has("code") && !answer.Has("error"):
		return nil, errors.New("this is the address of the vendor's login page: open it, log in, and " + pasteAgain)
	case answer == nil, !answer.Has("code") && !answer.Has("error"):
		return nil, errors.New("this is no return address: " + pasteAgain)
	}
	return answer, nil
}
