package bridge

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// HubState is how a hub is, in the contract's words.
type HubState string

// The states of a hub.
const (
	Starting      HubState = "starting"
	OK            HubState = "ok"
	Degraded      HubState = "degraded"    // push down, polling
	Limited       HubState = "limited"     // quota or rate
	Unreachable   HubState = "unreachable" // no usable answer
	LoginNeeded   HubState = "login_needed"
	Misconfigured HubState = "misconfigured"
)

func hubStates() []string {
	return []string{
		string(Starting), string(OK), string(Degraded), string(Limited),
		string(Unreachable), string(LoginNeeded), string(Misconfigured),
	}
}

const (
	graceOffline = time.Minute      // after the last success
	infoEvery    = 10 * time.Second // unless the state changed
)

// health is what is known of a hub's connection. It is under its hubRun's lock.
type health struct {
	started   time.Time
	state     HubState
	attempted bool // the first round has ended, whatever came of it
	lastOK    time.Time
	lastPoll  time.Time
	nextPoll  time.Time
	err       error
	errSince  time.Time
	storeErr  error
	// awaitsLogin: the last round failed for want of a login, and none has come since.
	awaitsLogin bool
	panics      int
	commands    int
	online      *bool // as published
	info        time.Time
}

func (s *health) fail(err error, now time.Time) {
	if s.err == nil {
		s.errSince = now
	}
	s.err, s.attempted = err, true
}

func (s *health) succeed(now time.Time) {
	s.err, s.errSince, s.awaitsLogin = nil, time.Time{}, false
	s.lastOK, s.lastPoll, s.attempted = now, now, true
}

// note remembers that the store does not take what should last; logged when it begins.
func (s *health) note(log zerolog.Logger, err error) {
	if s.storeErr == nil {
		log.Error().Err(err).Msg("cannot save what was published: if the bridge restarts now, what leaves the hub may stay in Home Assistant")
	}
	s.storeErr = err
}

// StateOf is the state of a hub that nothing but err is known of.
func StateOf(err error) HubState {
	if err == nil {
		return OK
	}
	switch hubs.FaultOf(err) {
	case hubs.LoginNeeded:
		return LoginNeeded
	case hubs.Misconfigured:
		return Misconfigured
	case hubs.Limited:
		return Limited
	default:
		return Unreachable
	}
}

// judge is the state that the facts make.
func (s *health) judge(p pushState) HubState {
	switch {
	case s.err != nil:
		return StateOf(s.err)
	case s.lastOK.IsZero():
		return Starting
	case p.has && !p.up:
		return Degraded
	}
	return OK
}

// wantOnline is what BASE/HUB/status should say; nil: what the broker holds stands.
func (s *health) wantOnline(now time.Time) *bool {
	last := s.lastOK
	if last.IsZero() {
		last = s.started
	}
	switch s.state {
	case OK, Degraded, Limited:
		return new(true)
	case LoginNeeded, Misconfigured:
		return new(false)
	case Starting, Unreachable:
	}
	if now.Sub(last) >= graceOffline {
		return new(false)
	}
	return s.online
}

// offlineIn is how long until the status may fall due for another reason than a round.
func (h *hubRun) offlineIn(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.health.lastOK
	if last.IsZero() {
		last = h.health.started
	}
	if d := last.Add(graceOffline).Sub(now); d > 0 {
		return d
	}
	return time.Hour
}

// evaluate publishes the hub's status where it changed, and its info.
func (h *hubRun) evaluate(now time.Time, wait time.Duration) {
	h.mu.Lock()
	s := &h.health
	before := s.state
	s.state = s.judge(h.push)
	if wait > 0 {
		s.nextPoll = now.Add(wait)
	}
	if want := s.wantOnline(now); want != nil && (s.online == nil || *want != *s.online) {
		s.online = want
		h.out.Set(h.layout.HubStatus(), []byte(onlineWord(*want)))
	}
	changed := before != s.state
	if changed || now.Sub(s.info) >= infoEvery {
		s.info = now
		h.out.Set(h.layout.HubInfo(), h.infoLocked())
		h.showSelf(now)
	}
	state, err := s.state, s.err
	h.mu.Unlock()
	if changed {
		h.logState(before, state, err)
		h.notify()
	}
}

func (h *hubRun) logState(before, state HubState, err error) {
	level := zerolog.InfoLevel
	switch state {
	case LoginNeeded, Misconfigured:
		level = zerolog.ErrorLevel
	case Unreachable, Limited, Degraded:
		level = zerolog.WarnLevel
	case OK, Starting:
	}
	log := h.log.With().Str("state", string(state)).Str("before", string(before)).Logger()
	if hint := hubs.HintOf(err); hint != "" {
		log = log.With().Str("hint", hint).Logger()
	}
	log.WithLevel(level).Err(err).Msg("hub state")
}

func onlineWord(on bool) string {
	if on {
		return "online"
	}
	return "offline"
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*hubs.Error](err); ok && e.Code != "" {
		return e.Code
	}
	if e, ok := errors.AsType[*auth.LoginError](err); ok && e.Code != "" {
		return e.Code
	}
	if err != nil {
		return hubs.FaultOf(err).String()
	}
	return ""
}

// hubInfo is BASE/HUB/info. What is not known is null.
type hubInfo struct {
	Vendor       string     `json:"vendor"`
	State        HubState   `json:"state"`
	Error        *string    `json:"error"`
	ErrorCode    *string    `json:"error_code"`
	ErrorSince   *time.Time `json:"error_since"`
	Hint         *string    `json:"hint"`
	Devices      int        `json:"devices"`
	Entities     int        `json:"entities"`
	Push         string     `json:"push"` // none, up, down
	LastPoll     *time.Time `json:"last_poll"`
	NextPoll     *time.Time `json:"next_poll"`
	TokenExpires *time.Time `json:"token_expires"`
	CallsToday   *int       `json:"calls_today"`
	QuotaUsed    *int       `json:"quota_used"`
	QuotaLimit   *int       `json:"quota_limit"`
}

func (h *hubRun) infoLocked() []byte {
	s := &h.health
	devices, entities := h.counts()
	info := hubInfo{
		Vendor: h.cfg.Vendor, State: s.state, Devices: devices, Entities: entities, Push: "none",
		LastPoll: when(s.lastPoll), NextPoll: when(s.nextPoll),
	}
	if h.push.has {
		info.Push = pushWord(h.push.up)
	}
	if t := h.trouble(); t.text != "" {
		info.Error, info.ErrorSince = &t.text, when(t.since)
		info.ErrorCode, info.Hint = textOrNil(t.code), textOrNil(t.hint)
	}
	info.TokenExpires = when(h.tokenExpires())
	if h.cfg.Calls != nil {
		info.CallsToday = new(h.cfg.Calls())
	}
	if b, limited := h.budget(); limited {
		info.QuotaUsed, info.QuotaLimit = &b.Used, &b.Limit
	}
	raw, jsonErr := json.Marshal(info)
	if jsonErr != nil {
		return []byte("{}")
	}
	return raw
}

func pushWord(up bool) string {
	if up {
		return "up"
	}
	return "down"
}

// trouble is what is wrong with a hub, in plain words; no text: nothing.
type trouble struct {
	text, code, hint string
	since            time.Time
}

// trouble finds the worst of what is wrong: the hub itself, then what no call has met yet.
func (h *hubRun) trouble() trouble {
	s := &h.health
	err := s.err
	if err == nil {
		err = s.storeErr
	}
	if text := plainError(err); text != "" {
		return trouble{text, codeOf(err), hubs.HintOf(err), s.errSince}
	}
	for _, st := range h.tokens() {
		switch {
		case st.Reason != "":
			return trouble{st.Reason, st.Code, st.Hint, st.Since}
		case st.Unsaved:
			return trouble{text: "the token could not be saved: it is lost if the bridge ends now", hint: st.StoreError}
		}
	}
	if p := &h.push; p.has && !p.up && p.err != nil {
		text := "push is down, so values are polled: " + plainError(p.err)
		return trouble{text, codeOf(p.err), hubs.HintOf(p.err), p.since}
	}
	if text := h.refusal(); text != "" {
		return trouble{text: text, hint: "take it out of INVERT"}
	}
	return h.overrideTrouble()
}

func (h *hubRun) tokens() []auth.State {
	if h.cfg.Tokens == nil {
		return nil
	}
	return h.cfg.Tokens()
}

// tokenExpires is when the first of the hub's tokens ends; zero: none does.
func (h *hubRun) tokenExpires() (first time.Time) {
	for _, st := range h.tokens() {
		if !st.Expires.IsZero() && (first.IsZero() || st.Expires.Before(first)) {
			first = st.Expires
		}
	}
	return first
}

// plainError is err's text without the layers that only programmers care for.
func plainError(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*auth.LoginError](err); ok && e.Reason != "" {
		return e.Reason
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC().Truncate(time.Second))
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
