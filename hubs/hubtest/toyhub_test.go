package hubtest

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// toyHub is a vendor's adapter that passes the suite; bug names what is broken in it.
type toyHub struct {
	bug    string
	ended  <-chan struct{} // the test: what a bug leaves behind goes then
	url    string
	rest   *rest.Client
	http   http.RoundTripper
	tokens *auth.Manager
	log    zerolog.Logger

	mu    sync.Mutex
	known map[string]bool
	runs  int // only the mutants use it
}

type toySettings struct {
	URL          string      `split_words:"true"`
	AccessToken  auth.Secret `split_words:"true"`
	RefreshToken auth.Secret `split_words:"true"`
}

func toyVendor(bug string, ended <-chan struct{}) hubs.Vendor {
	v := hubs.Vendor{
		Name:      "toy",
		Pace:      hubs.Pace{Inventory: time.Minute, Values: time.Minute, Reconcile: time.Minute},
		Variables: []string{"URL", "ACCESS_TOKEN", "REFRESH_TOKEN"},
		Open:      func(s hubs.Settings, d hubs.Deps) (hubs.Hub, error) { return openToy(bug, ended, s, d) },
	}
	if bug == "forgotten variable" {
		v.Variables = v.Variables[:2]
	}
	return v
}

func openToy(bug string, ended <-chan struct{}, from hubs.Settings, deps hubs.Deps) (hubs.Hub, error) {
	var s toySettings
	if err := from.Decode(&s); err != nil {
		return nil, err
	}
	if err := s.check(bug); err != nil {
		return nil, err
	}
	client := rest.New(rest.Config{Vendor: "toy", HTTP: deps.HTTP, Log: deps.Log})
	h := &toyHub{
		bug: bug, ended: ended, url: s.URL, rest: client, http: deps.HTTP, log: deps.Log, known: map[string]bool{},
	}
	h.tokens = deps.Tokens(auth.Config{Account: "toy", Identity: s.URL, Grant: h, Seed: func() (auth.Token, error) {
		return auth.Token{Access: s.AccessToken, Refresh: s.RefreshToken}, nil
	}})
	switch bug {
	case "calls at open":
		_, _ = h.Devices(context.Background())
	case "task without end":
		deps.Go(func(context.Context) { <-ended })
	case "panicking task":
		deps.Go(func(context.Context) { panic("in a task") })
	}
	return h, nil
}

func (s *toySettings) check(bug string) error {
	var errs []error
	for _, v := range []struct{ name, value string }{
		{"URL", s.URL}, {"ACCESS_TOKEN", s.AccessToken.Reveal()}, {"REFRESH_TOKEN", s.RefreshToken.Reveal()},
	} {
		if v.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", v.name))
			if bug == "one fault at a time" {
				break
			}
		}
	}
	if _, err := url.Parse(s.URL); err != nil {
		if bug == "quotes a setting" {
			return err
		}
		errs = append(errs, errors.New("URL is no address"))
	}
	return errors.Join(errs...)
}

// Grant implements auth.Grant.
func (h *toyHub) Grant(ctx context.Context, old auth.Token) (auth.Token, error) {
	var got struct{ Access, Refresh auth.Secret }
	err := h.rest.Do(ctx, rest.Call{
		Name: "token", URL: h.url + "/token", Body: map[string]string{"refresh": old.Refresh.Reveal()}, Into: &got,
	})
	if err != nil && hubs.FaultOf(err) == hubs.Refused {
		return auth.Token{}, &auth.LoginError{Reason: "the refresh token is dead", Err: err}
	}
	return auth.Token{Access: got.Access, Refresh: got.Refresh}, err
}

func (h *toyHub) call(ctx context.Context, method, path string, body, into any) error {
	do := func(ctx context.Context, t auth.Token) error {
		err := h.rest.Do(ctx, rest.Call{
			Name: strings.Trim(path, "/"), Method: method, URL: h.url + path, Body: body, Into: into,
			Header: http.Header{"Authorization": {"Bearer " + t.Access.Reveal()}},
		})
		return h.spoil(err, t, into)
	}
	switch h.bug {
	case "no renewal":
		t, err := h.tokens.Token(ctx)
		if err != nil {
			return err
		}
		return do(ctx, t)
	case "deaf":
		ctx = context.WithoutCancel(ctx)
	}
	err := h.tokens.Do(ctx, do)
	if h.bug == "retries" && hubs.FaultOf(err) == hubs.Transient && err != nil {
		return h.tokens.Do(ctx, do)
	}
	return err
}

// spoil are the bugs of errors and logs.
func (h *toyHub) spoil(err error, t auth.Token, into any) error {
	secret := t.Access.Reveal()
	switch h.bug {
	case "logs a token":
		h.log.Debug().Str("auth", "Bearer "+secret).Msg("call")
	case "logs base64":
		h.log.Debug().Str("auth", base64.StdEncoding.EncodeToString([]byte("me:"+secret))).Msg("call")
	case "leaves a goroutine":
		go func() { <-h.ended }()
	}
	if err == nil {
		return nil
	}
	e, _ := errors.AsType[*hubs.Error](err)
	switch h.bug {
	case "token in an error":
		return fmt.Errorf("GET /x?token=%s: %w", url.QueryEscape(secret), err)
	case "token in a hint":
		e.Hint = "Look at " + secret
	case "garbage wants a login":
		if e.Code == "" {
			return &hubs.Error{Fault: hubs.LoginNeeded}
		}
	case "unclassified":
		if e.Fault == hubs.Transient {
			return errors.New("something")
		}
	case "no retry-after":
		e.After = 0
	case "panics on garbage":
		if into != nil && e.Code == "" && e.Fault == hubs.Transient && !errors.Is(err, context.DeadlineExceeded) {
			panic("not what was expected")
		}
	}
	return err
}

// Devices implements hubs.Hub.
func (h *toyHub) Devices(ctx context.Context) ([]hubs.Device, error) {
	type answer struct {
		Devices []struct{ ID, Name string }
		Pages   int
	}
	var out []hubs.Device
	known := map[string]bool{}
	for page, pages := 1, 1; page <= pages; page++ {
		var got answer
		if err := h.call(ctx, http.MethodGet, fmt.Sprintf("/devices?page=%d", page), nil, &got); err != nil {
			switch h.bug {
			case "half a home":
				return out, nil
			case "half a home and an error":
				return out, err
			}
			return nil, err
		}
		pages = min(got.Pages, 100)
		for _, d := range got.Devices {
			known[d.ID] = true
			out = append(out, h.device(d.ID, d.Name))
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known = known
	return out, nil
}

func (h *toyHub) device(id, name string) hubs.Device {
	key := "lamp"
	switch h.bug {
	case "bad key":
		key = "Lamp"
	case "reserved key":
		key = "value"
	case "keys change":
		h.mu.Lock()
		h.runs++
		key = fmt.Sprintf("lamp_%d", h.runs)
		h.mu.Unlock()
	case "blank name":
		name = " " + name
	}
	d := hubs.Device{ID: hubs.DeviceID(id), Name: name, Entities: []hubs.Entity{{Key: key, Spec: hubs.Light{Dims: true}}}}
	if h.bug == "key twice" {
		d.Entities = append(d.Entities, d.Entities[0])
	}
	return d
}

type toyValues struct {
	On     bool
	Level  float64
	Online *bool
}

func (h *toyHub) reading(id string, v toyValues) hubs.Reading {
	at := func(a hubs.Attr, v hubs.Value) hubs.PointValue {
		return hubs.PointValue{Point: hubs.Point{Entity: "lamp", Attr: a}, Value: v}
	}
	r := hubs.Reading{Device: hubs.DeviceID(id), Online: v.Online, Values: []hubs.PointValue{
		at(hubs.On, hubs.Bool(v.On)), at(hubs.Level, hubs.Num(v.Level)),
	}}
	switch h.bug {
	case "undeclared point":
		r.Values = append(r.Values, at(hubs.Hue, hubs.Num(3)))
	case "wrong kind":
		r.Values[0].Value = hubs.Str("on")
	case "stranger":
		r.Device += "x"
	case "never shows":
		r.Values[0].Value = hubs.Bool(false)
	case "always online":
		r.Online = new(true)
	}
	return r
}

// Poll implements hubs.Hub.
func (h *toyHub) Poll(ctx context.Context) ([]hubs.Reading, error) { return h.read(ctx, nil) }

// Read implements hubs.Reader.
func (h *toyHub) Read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	for _, id := range ids {
		if err := h.find(id); err != nil {
			return nil, err
		}
	}
	return h.read(ctx, ids)
}

func (h *toyHub) read(ctx context.Context, ids []hubs.DeviceID) ([]hubs.Reading, error) {
	var got struct{ Values map[string]toyValues }
	if err := h.call(ctx, http.MethodGet, "/values", nil, &got); err != nil {
		return nil, err
	}
	var out []hubs.Reading
	for id, v := range got.Values {
		if h.find(hubs.DeviceID(id)) == nil && (ids == nil || slices.Contains(ids, hubs.DeviceID(id))) {
			out = append(out, h.reading(id, v))
		}
	}
	return out, nil
}

func (h *toyHub) find(id hubs.DeviceID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known[string(id)] || h.bug == "knows everybody" {
		return nil
	}
	return &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("toy: no device %s", id)}
}

// Execute implements hubs.Hub.
func (h *toyHub) Execute(ctx context.Context, cmd hubs.Command) error {
	if err := h.find(cmd.Device); err != nil {
		return err
	}
	if cmd.Entity != "lamp" && h.bug == "" {
		return &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("toy: %s has no %s", cmd.Device, cmd.Entity)}
	}
	ask := map[string]any{"id": cmd.Device}
	if v, ok := cmd.Value(hubs.On); ok {
		ask["on"], _ = v.Bool()
	}
	if v, ok := cmd.Value(hubs.Level); ok {
		ask["level"], _ = v.Num()
	}
	if h.bug == "executes twice" {
		_ = h.call(ctx, http.MethodPost, "/set", ask, nil)
	}
	// The answer holds nothing, but one that is no JSON is not the toy's.
	err := h.call(ctx, http.MethodPost, "/set", ask, &struct{}{})
	e, _ := errors.AsType[*hubs.Error](err)
	if e != nil && e.Code == "409" && h.bug != "offline is refused" {
		return &hubs.Error{Fault: hubs.Offline, Err: err}
	}
	return err
}

// Watch implements hubs.Watcher.
func (h *toyHub) Watch(ctx context.Context, to hubs.Sink) error {
	t, err := h.tokens.Token(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/stream", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.Access.Reveal())
	resp, err := h.http.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read only
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		to.Alive()
		var news struct {
			ID string
			toyValues
		}
		if h.bug != "mute stream" && json.Unmarshal(lines.Bytes(), &news) == nil && news.ID != "" {
			to.Readings([]hubs.Reading{h.reading(news.ID, news.toyValues)})
		}
	}
	if h.bug == "watches on" {
		<-ctx.Done()
	}
	return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}
