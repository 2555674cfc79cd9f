// Package rest makes one JSON call over HTTP the way every vendor needs it: with a
// deadline, limits on size and nesting, an error that says what kind of trouble it
// is, and no secret in any text.
//
// It must not know any vendor, retries nothing and follows no redirect: those who
// call decide what is safe to repeat.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// The limits of a Config that names none.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxBytes = 16 << 20
	DefaultInFlight = 4
)

// Config is what a Client is built from. Its zero values are the defaults.
type Config struct {
	// Vendor begins every error text.
	Vendor string
	// HTTP carries the requests; nil: http.DefaultTransport.
	HTTP http.RoundTripper
	Log  zerolog.Logger
	// Clock learns the server's time from each answer; may be nil.
	Clock *auth.Clock
	// Timeout is the longest a call may take once it is on its way.
	Timeout time.Duration
	// MaxBytes is the longest answer that is read, after decompression.
	MaxBytes int64
	// InFlight is how many calls run at a time; the others wait, and those for commands
	// and tokens come before those for polls.
	InFlight int
	// Quota is the account's budget, which may refuse calls; nil: there is none.
	Quota *Quota
	// Observe is told of every call, how it ended (ok, rejected, or a fault's name)
	// and how long it took; may be nil.
	Observe func(call, outcome string, took time.Duration)
}

// Client makes calls. It is safe for concurrent use and starts no goroutine.
type Client struct {
	cfg   Config
	slots slots
}

// Call is one request. Nothing in it but Name and the URL's host is ever shown.
type Call struct {
	// Name is what people read: "device list".
	Name   string
	Method string // empty: GET, or POST with a Body
	URL    string
	Header http.Header
	// Body is sent as JSON; nil: none.
	Body any
	// Once means that the call is never sent twice: net/http by itself repeats a GET whose
	// connection breaks before the answer.
	Once bool
	// Into takes the JSON of an answer that went well; nil: it is not looked at.
	Into any
	// Classify looks at every answer first, for vendors that wrap theirs in an
	// envelope. Its error is the call's; with nil the status decides. Errors made
	// with Fail are completed with vendor, call and host.
	Classify func(status int, header http.Header, body []byte) error
}

// New returns a Client. It does no I/O.
func New(cfg Config) *Client {
	if cfg.HTTP == nil {
		cfg.HTTP = http.DefaultTransport
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.InFlight <= 0 {
		cfg.InFlight = DefaultInFlight
	}
	return &Client{cfg: cfg, slots: slots{free: cfg.InFlight}}
}

// Do makes the call once. Its error is a *hubs.Error; one that means a refused
// token also matches auth.ErrRejected. The call ends with ctx or with the client's
// own deadline, whichever comes first; waiting for a free slot counts for ctx only. What
// the call is for stands in ctx (hubs.WithPurpose).
func (c *Client) Do(ctx context.Context, call Call) error {
	host := hostOf(call.URL)
	unsent, err := c.enter(ctx)
	if err != nil {
		return c.complete(call, host, err)
	}
	defer c.slots.give()
	start := time.Now()
	got := c.exchange(ctx, call)
	if got.unsent {
		unsent()
	} else {
		hubs.CountCall(ctx)
	}
	got.err = c.cfg.Quota.learn(got.err)
	if got.err != nil {
		got.err = c.complete(call, host, got.err)
	}
	took := time.Since(start)
	outcome := outcomeOf(got.err)
	c.cfg.Log.Debug().Str("call", call.Name).Int("status", got.status).
		Int64("ms", took.Milliseconds()).Int("bytes", got.bytes).Str("outcome", outcome).Msg("hub call")
	if c.cfg.Observe != nil {
		c.cfg.Observe(call.Name, outcome, took)
	}
	return got.err
}

// enter waits until a call may go out, and counts it; back takes the count back. Who
// gets no error gives the slot back.
func (c *Client) enter(ctx context.Context) (back func(), err error) {
	if err = c.slots.take(ctx, hubs.PurposeOf(ctx) != hubs.ForPoll); err != nil {
		return nil, broken(ctx, err)
	}
	if back, err = c.cfg.Quota.take(ctx); err != nil {
		c.slots.give()
	}
	if err != nil && hubs.FaultOf(err) != hubs.Limited {
		err = broken(ctx, err)
	}
	return back, err
}

// result is what a call brought; status is 0 where no answer came.
type result struct {
	status, bytes int
	unsent        bool // nothing left this machine
	err           error
}

func (c *Client) exchange(ctx context.Context, call Call) result {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := call.request(ctx)
	if err != nil {
		return result{err: err, unsent: true}
	}
	resp, err := c.cfg.HTTP.RoundTrip(req)
	if err != nil {
		return result{err: broken(ctx, err), unsent: unreached(err)}
	}
	// An answer that was not read to its end costs its connection, never a wait.
	defer func() { _ = resp.Body.Close() }()
	c.learnTime(resp.Header)
	body, err := c.read(ctx, resp.Body)
	got := result{status: resp.StatusCode, bytes: len(body), err: err}
	if err == nil {
		got.err = call.judge(resp, body)
	}
	return got
}

// request builds the request. What can go wrong here is ours or the settings', and
// the causes may quote secrets: none is passed on.
func (call Call) request(ctx context.Context) (*http.Request, error) {
	method := call.Method
	var body io.Reader
	if call.Body != nil {
		raw, err := json.Marshal(call.Body)
		if err != nil {
			return nil, bug("request cannot be written as JSON")
		}
		body = bytes.NewReader(raw)
		if method == "" {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, call.URL, body)
	if err != nil {
		return nil, bug("address is not usable")
	}
	if call.Once && req.Body == nil {
		req.Body = io.NopCloser(http.NoBody) // of no known length, so that it cannot be sent again; it is empty
	}
	for k, vs := range call.Header {
		req.Header[http.CanonicalHeaderKey(k)] = vs
	}
	if call.Body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	return req, nil
}

// read takes the body up to the limit and no further.
func (c *Client) read(ctx context.Context, from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, c.cfg.MaxBytes+1))
	switch {
	case int64(len(body)) > c.cfg.MaxBytes:
		return nil, Garbage("answer larger than " + sizeText(c.cfg.MaxBytes))
	case err != nil:
		return nil, broken(ctx, err)
	}
	return body, nil
}

func (call Call) judge(resp *http.Response, body []byte) error {
	if shape := checkShape(body); shape != nil {
		if resp.StatusCode/100 == 2 {
			return shape
		}
		body = nil // a decoder must not meet what is built to exhaust it
	}
	if call.Classify != nil {
		if err := call.Classify(resp.StatusCode, resp.Header, body); err != nil {
			return err
		}
	}
	if err := byStatus(resp.StatusCode, resp.Header); err != nil {
		return err
	}
	if call.Into == nil {
		return nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return Garbage("answered nothing")
	}
	if err := json.Unmarshal(body, call.Into); err != nil {
		// json's own texts quote what they stumble over.
		return Garbage("answered something that is not the JSON it should be")
	}
	return nil
}

func (c *Client) learnTime(h http.Header) {
	if c.cfg.Clock == nil {
		return
	}
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		c.cfg.Clock.Observe(t, time.Now())
	}
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "the hub"
	}
	return u.Host
}

func sizeText(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
