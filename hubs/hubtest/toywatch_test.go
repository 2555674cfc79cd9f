package hubtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

const openLimit = 10 * time.Second

// Watch implements hubs.Watcher. It goes over to a new token by itself.
func (h *toyHub) Watch(ctx context.Context, to hubs.Sink) error {
	if h.bug == "alive by itself" {
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(ctx)
		defer wg.Wait()
		defer cancel()
		wg.Go(func() {
			for ctx.Err() == nil {
				to.Alive()
				wait(ctx, 10*time.Second)
			}
		})
	}
	for {
		changed := h.session.Changed() // before Token: no change in between gets lost
		t, err := h.session.Token(ctx)
		if err != nil {
			return err
		}
		read, err := h.listen(ctx, to, t, changed)
		again := err == nil || h.bug == "reconnects at once" && read
		if ctx.Err() != nil || !again {
			return err
		}
	}
}

// listen reads one stream; its error is nil if another token counts now.
func (h *toyHub) listen(ctx context.Context, to hubs.Sink, t auth.Token, changed <-chan struct{}) (read bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	renewed := errors.New("another token counts")
	if h.bug != "keeps the old token" {
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel(nil)
		wg.Go(func() {
			select {
			case <-changed:
				cancel(renewed)
			case <-ctx.Done():
			}
		})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/stream", nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	opening := time.AfterFunc(openLimit, func() {
		if h.bug != "waits for its stream" {
			cancel(errors.New("the stream does not open"))
		}
	})
	resp, err := h.http.RoundTrip(req)
	opening.Stop()
	if err != nil {
		if errors.Is(context.Cause(ctx), renewed) {
			err = nil
		}
		return false, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read only
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode != http.StatusOK && h.bug == "takes all for a refusal":
		h.session.Invalidate(t)
		return false, rest.Rejected(fmt.Sprint(resp.StatusCode))
	case resp.StatusCode != http.StatusOK:
		return false, rest.Fail(hubs.Transient, fmt.Sprint(resp.StatusCode), "does not open the stream")
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if !read && !strings.HasPrefix(lines.Text(), "{") {
			return false, rest.Garbage("opens something else")
		}
		read = true
		to.Alive()
		if !h.hear(lines.Bytes(), to) {
			break
		}
	}
	for h.bug == "stops at bad news" && lines.Scan() {
		to.Alive()
	}
	if h.bug == "watches on" {
		<-ctx.Done()
	}
	if errors.Is(context.Cause(ctx), renewed) {
		return true, nil
	}
	return true, errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

// hear takes one line; what cannot be read costs itself only.
func (h *toyHub) hear(line []byte, to hubs.Sink) (goOn bool) {
	var news struct {
		ID, Press, Gone string
		N               int
		toyValues
	}
	err := json.Unmarshal(line, &news)
	switch {
	case err != nil:
		return h.bug != "stops at bad news"
	case h.bug == "mute stream":
	case news.Gone != "":
		if h.bug != "forgets who left" {
			to.Left(hubs.DeviceID(news.Gone))
		}
	case news.Press != "":
		h.press(news.ID, news.Press, news.N, to)
	case news.ID != "":
		to.Readings([]hubs.Reading{h.reading(news.ID, news.toyValues)})
	}
	return true
}

func (h *toyHub) press(id, kind string, n int, to hubs.Sink) {
	if h.bug == "takes equal events for one" {
		n = 0
	}
	h.mu.Lock()
	again := h.heard[n]
	h.heard[n] = true
	h.mu.Unlock()
	if again && h.bug != "counts copies" {
		return
	}
	to.Readings([]hubs.Reading{{Device: hubs.DeviceID(id), Events: []hubs.Happening{{Entity: "button", Type: kind}}}})
}

// toyBudget is an account's calls of a day, a fifth of them for commands; a limit of 0 is
// none.
type toyBudget struct {
	bug   string
	limit int

	mu   sync.Mutex
	used int
	ends time.Time
}

func (b *toyBudget) spend(p hubs.Purpose) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	most := b.limit
	if p != hubs.ForCommand && b.bug != "keeps nothing for commands" {
		most = b.limit * 4 / 5
	}
	switch {
	case b.limit == 0 || b.bug == "counts nothing":
		return nil
	case b.used < most:
		b.used++
		return nil
	}
	e := &hubs.Error{Fault: hubs.Limited, Err: errors.New("toy: the budget of the day is spent"), After: time.Until(b.ends)}
	if b.bug == "waits for nothing" {
		e.After = 0
	}
	return e
}

func (b *toyBudget) turn() {
	const day = 24 * time.Hour
	if now := time.Now(); !now.Before(b.ends) {
		b.used, b.ends = 0, now.UTC().Truncate(day).Add(day)
	}
}

// Budget implements hubs.Budgeted.
func (h *toyHub) Budget() (hubs.Budget, bool) {
	b := h.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn()
	return hubs.Budget{Limit: b.limit, Used: b.used, Ends: b.ends}, b.limit > 0
}

var (
	_ hubs.Hub      = (*toyHub)(nil)
	_ hubs.Reader   = (*toyHub)(nil)
	_ hubs.Watcher  = (*toyHub)(nil)
	_ hubs.Budgeted = (*toyHub)(nil)
)
