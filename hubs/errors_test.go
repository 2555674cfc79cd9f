package hubs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

func TestFaultOf(t *testing.T) {
	offline := &Error{Fault: Offline, Err: errors.New("lamp is offline")}
	login := &Error{Fault: LoginNeeded}
	limited := &Error{Fault: Limited, After: time.Minute}
	for name, c := range map[string]struct {
		err  error
		want Fault
	}{
		"none":            {nil, Bug},
		"nobody knows":    {errors.New("x"), Bug},
		"classified":      {limited, Limited},
		"wrapped":         {fmt.Errorf("poll: %w", limited), Limited},
		"deadline":        {fmt.Errorf("poll: %w", context.DeadlineExceeded), Transient},
		"cancelled":       {context.Canceled, Transient},
		"network":         {&url.Error{Op: "Get", URL: "http://x", Err: &net.OpError{Op: "dial", Err: io.EOF}}, Transient},
		"login":           {fmt.Errorf("x: %w", auth.ErrLogin), LoginNeeded},
		"stays refused":   {fmt.Errorf("x: %w", auth.ErrRejected), LoginNeeded},
		"login's cause":   {fmt.Errorf("x: %w", &auth.LoginError{Reason: "ended", Err: &Error{Fault: Refused}}), LoginNeeded},
		"outermost":       {&Error{Fault: Transient, Err: login}, Transient},
		"joined":          {errors.Join(errors.New("x"), offline), Offline},
		"gravest first":   {errors.Join(login, offline), LoginNeeded},
		"gravest last":    {errors.Join(offline, fmt.Errorf("list: %w", login)), LoginNeeded},
		"equally grave":   {errors.Join(offline, &Error{Fault: UnknownDevice}), Offline},
		"joined twice":    {errors.Join(offline, errors.Join(offline, limited)), Limited},
		"wrong region":    {errors.Join(limited, &Error{Fault: Misconfigured}), Misconfigured},
		"down":            {errors.Join(offline, &Error{Fault: Transient}), Transient},
		"bug in a crowd":  {errors.Join(errors.New("x"), errors.New("y")), Bug},
		"late in a crowd": {errors.Join(offline, fmt.Errorf("list: %w", context.DeadlineExceeded)), Transient},
		"cut in a crowd":  {errors.Join(offline, &net.OpError{Op: "read", Err: io.ErrUnexpectedEOF}), Transient},
		"login, crowd":    {errors.Join(limited, fmt.Errorf("list: %w", auth.ErrLogin)), LoginNeeded},
		"refused, crowd":  {errors.Join(&Error{Fault: Refused}, fmt.Errorf("list: %w", auth.ErrRejected)), LoginNeeded},
		"two verbs":       {fmt.Errorf("%w: %w", errors.New("poll"), limited), Limited},
		"cause is late":   {&Error{Fault: Offline, Err: context.DeadlineExceeded}, Offline},
		"wrapped crowd":   {fmt.Errorf("poll: %w", errors.Join(errors.New("x"), login)), LoginNeeded},
		"deep crowd":      {errors.Join(errors.New("x"), fmt.Errorf("y: %w", errors.Join(nil, limited))), Limited},
	} {
		if got := FaultOf(c.err); got != c.want {
			t.Errorf("%s: want %s, got %s", name, c.want, got)
		}
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Fault: Offline}, "offline"},
		{Error{Fault: Offline, Code: "1103"}, "offline (code 1103)"},
		{Error{Fault: Refused, Code: "400", Err: errors.New("answered 400")}, "answered 400"},
		{Error{Fault: Refused, Code: "28841105", Err: errors.New("no")}, "no (code 28841105)"},
		{Error{Hint: "Do this."}, "bug"},
		{Error{Code: "28", Err: errors.New("aqara: device 28841 is mute")}, "aqara: device 28841 is mute (code 28)"},
		{Error{Code: "28", Err: errors.New("x28: error 28, gave up")}, "x28: error 28, gave up"},
		{Error{Code: "8", Err: errors.New("88")}, "88 (code 8)"},
		{Error{Code: "not_found", Err: errors.New("answered (not_found)")}, "answered (not_found)"},
		{Error{Code: "ü", Err: errors.New("für üü ü")}, "für üü ü"},
		{Error{Code: "ü", Err: errors.New("für")}, "für (code ü)"},
		{Error{Fault: Limited, Code: "429", Err: &Error{Fault: Transient, Code: "429"}}, "transient (code 429)"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("want %q, got %q", c.want, got)
		}
	}
}

// The token manager reads two things off a classified error.
func TestErrorForTheManager(t *testing.T) {
	wrapped := fmt.Errorf("renewal: %w", &Error{Fault: LoginNeeded, After: time.Minute})
	if !errors.Is(wrapped, auth.ErrLogin) {
		t.Error("a login fault is not auth.ErrLogin")
	}
	if errors.Is(&Error{Fault: Transient}, auth.ErrLogin) {
		t.Error("a transient fault is auth.ErrLogin")
	}
	var after interface{ RetryAfter() time.Duration }
	if !errors.As(wrapped, &after) || after.RetryAfter() != time.Minute {
		t.Errorf("After is not found: %v", after)
	}
	cause := errors.New("cause")
	if !errors.Is(&Error{Err: cause}, cause) {
		t.Error("the cause is lost")
	}
}

func TestFaultNames(t *testing.T) {
	seen := map[string]bool{}
	for f := Bug; f <= UnknownEntity; f++ {
		if name := f.String(); seen[name] || name == "" {
			t.Errorf("fault %d has the name %q of another", f, name)
		} else {
			seen[name] = true
		}
	}
	if got := Fault(200).String(); got != "fault(200)" {
		t.Errorf("got %q", got)
	}
}
