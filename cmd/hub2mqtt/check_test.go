package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/hubs/aqara/aqaratest"
	"github.com/hub2mqtt/hub2mqtt/hubs/hubtest/fault"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestCheckTellsThatAllIsWell(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{Home: aqaratest.FullHome()})
	spied, broker := spyBroker(t, "")
	env := append(without(studioEnv(t, studio, address, "flat", "FLAT_"), "MQTT_LISTEN"), "MQTT_URL=mqtt://"+broker, "FLAT_TYPO=1", "HTTP_LISTEN=127.0.0.1:0")
	code, stdout, stderr := command(t, env, "check")
	if code != exitOK || stderr != "" {
		t.Fatalf("want exit 0, got %d: %s\n%s", code, stderr, stdout)
	}
	for _, want := range []string{
		`(?m)^settings +ok`, `FLAT_TYPO is not known`, `(?m)^DATA_DIR +ok`, `(?m)^broker +ok +mqtt://127`, `(?m)^web page +ok .* is free`,
		`(?m)^HUB +VENDOR +STATE +DEVICES +ENTITIES +TOKEN ENDS +QUOTA$`, `(?m)^flat +aqara +ok +56 +\d{3} +\d{4}-\d\d-\d\d \d\d:\d\d +-$`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout) {
			t.Errorf("want %s in\n%s", want, stdout)
		}
	}
	clients, wills, sent := spied.seen()
	if len(clients) != 1 || !regexp.MustCompile(`^hub2mqtt-check-[0-9a-f]{4}$`).MatchString(clients[0]) || wills != 0 || sent != 0 {
		t.Errorf("want one client of its own name, no will, not a packet; got %q, %d wills, %d packets", clients, wills, sent)
	}
	if n := studio.Counters().Refreshes; n != 0 {
		t.Errorf("want no renewal, got %d", n)
	}
}

func TestCheckTellsWhatIsWrong(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	_, closed := spyBroker(t, "right")
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	taken := other.Listener.Addr().String()
	nobody := deadAddress(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change []string // settings
		fault  fault.Fault
		before func()
		says   []string // each on a line of its own
	}{
		{name: "password", change: []string{"MQTT_URL=mqtt://" + closed, "MQTT_USERNAME=u", "MQTT_PASSWORD=wrong-password"}, says: []string{`broker +FAILED .*MQTT_PASSWORD`}},
		{name: "no broker", change: []string{"MQTT_URL=mqtt://" + nobody}, says: []string{`broker +FAILED .*nothing listens`}},
		{name: "no such name", change: []string{"MQTT_URL=mqtt://broker.invalid"}, says: []string{`broker +FAILED .*(no address|does not answer)`}},
		{name: "no TLS", change: []string{"MQTT_URL=mqtts://" + closed}, says: []string{`broker +FAILED .*(TLS|scheme)`}},
		{name: "not a broker", change: []string{"MQTT_URL=mqtt://" + taken}, says: []string{`broker +FAILED`}},
		{name: "somebody on the broker's port", change: []string{"MQTT_LISTEN=" + taken}, says: []string{`broker +FAILED .*MQTT_URL=mqtt://` + taken}},
		{name: "somebody on the page's port", change: []string{"HTTP_LISTEN=" + taken}, says: []string{`web page +FAILED .*another program`}},
		{name: "DATA_DIR", change: []string{"DATA_DIR=" + file}, says: []string{`DATA_DIR +FAILED .*is a file`, `The hubs were not tried`}},
		{name: "nobody there", change: []string{"AQARA_URL=http://" + nobody}, says: []string{`^aqara +aqara +unreachable +- +-`, `^aqara: .*refused`}},
		{name: "hub is ill", fault: fault.Fault{Kind: fault.Status, Status: 503, Times: -1}, says: []string{`^aqara +aqara +unreachable`, `^aqara: .*503`}},
		{name: "too many calls", fault: fault.Fault{Kind: fault.Status, Status: 429, Times: -1}, says: []string{`^aqara +aqara +limited`}},
		{name: "old token", change: []string{"AQARA_ACCESS_TOKEN=an-old-token", "AQARA_REFRESH_TOKEN=an-old-one"}, says: []string{`^aqara +aqara +login_needed`, `^  Press Refresh Token`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			env := studioEnv(t, studio, address, "aqara", "AQARA_")
			for _, line := range c.change {
				name, _, _ := strings.Cut(line, "=")
				env = append(without(env, name), line)
			}
			if c.fault.Kind != "" {
				studio.Faults().Fail(c.fault)
				defer studio.Faults().Heal()
			}
			code, stdout, stderr := command(t, env, "check")
			if code != exitFail || !strings.Contains(stderr, "not everything works") {
				t.Errorf("want exit 1, got %d: %s", code, stderr)
			}
			for _, want := range c.says {
				if !regexp.MustCompile(`(?m)` + want).MatchString(stdout) {
					t.Errorf("want %s in\n%s", want, stdout)
				}
			}
			if strings.Contains(stdout+stderr, "wrong-password") || strings.Contains(stdout+stderr, "an-old-token") {
				t.Errorf("it shows a secret:\n%s%s", stdout, stderr)
			}
		})
	}
}

func TestCheckRefusesWrongSettings(t *testing.T) {
	code, stdout, stderr := command(t, []string{"HUBS=aqara,oops:nobody", "AQARA_URL=nowhere"}, "check")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "AQARA_URL") || !strings.Contains(stderr, "AQARA_ACCESS_TOKEN") || !strings.Contains(stderr, "nobody") {
		t.Errorf("want exit 2 and all faults, got %d:\n%s%s", code, stdout, stderr)
	}
}

// TestCheckEnds: neither a hub that never answers nor one that does not even let go of a
// call holds it up, and the other hub has its row.
func TestCheckEnds(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	mute, muteAddress := studioServer(t, aqaratest.Options{})
	mute.Faults().Fail(fault.Fault{Kind: fault.Hang, Times: -1})
	defer mute.Faults().Heal()
	env := studioEnv(t, studio, address, "aqara", "AQARA_", "MUTE_URL="+muteAddress, "MUTE_ACCESS_TOKEN=some-token")
	env = append(without(env, "HUBS"), "HUBS=aqara,mute:aqara")
	check := func(ctx context.Context, limit time.Duration) (string, error) {
		e, err := readEnviron("", env)
		if err != nil {
			t.Fatal(err)
		}
		s, err := readSettings(e, vendors())
		if err != nil {
			t.Fatal(err)
		}
		var out, errs safeBuffer
		c := newChecker(s, &out, &errs)
		c.limit = limit
		err = c.run(ctx)
		return out.String(), err
	}
	t.Run("by itself", func(t *testing.T) {
		out, err := check(t.Context(), 500*time.Millisecond)
		if err == nil || !regexp.MustCompile(`(?m)^aqara +aqara +ok +9`).MatchString(out) || !strings.Contains(out, "gave no inventory within 500ms") {
			t.Errorf("got %v\n%s", err, out)
		}
	})
	t.Run("with Ctrl-C", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		time.AfterFunc(300*time.Millisecond, cancel)
		out, err := check(ctx, time.Minute)
		if err == nil || !strings.Contains(err.Error(), "cut short") || time.Since(began) > 8*time.Second {
			t.Errorf("after %s: %v\n%s", time.Since(began), err, out)
		}
	})
}

func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// child is the program in a process of its own.
type child struct {
	cmd  *exec.Cmd
	out  safeBuffer
	done chan struct{}
}

func spawn(t *testing.T, env []string, args ...string) *child {
	t.Helper()
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0], args...), done: make(chan struct{})}
	c.cmd.Env = slices.Concat(env, []string{childEnv + "=1", "GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()})
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.cmd.Wait(); close(c.done) }()
	t.Cleanup(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		<-c.done
	})
	return c
}

func (c *child) code(t *testing.T) int {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(60 * time.Second):
		t.Fatalf("the child does not end:\n%s", c.out.String())
	}
	return c.cmd.ProcessState.ExitCode()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestCheckBesideADaemon: a token that works is used as it is; one that has ended is
// renewed once, by whoever comes first; and the daemon works on all the while.
func TestCheckBesideADaemon(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	spied, broker := spyBroker(t, "")
	port := deadAddress(t)
	env := append(
		without(studioEnv(t, studio, address, "aqara", "AQARA_", "AQARA_POLL_INTERVAL=1s", "AQARA_PUSH=off"), "MQTT_LISTEN", "HTTP_LISTEN"),
		"MQTT_URL=mqtt://"+broker, "HTTP_LISTEN="+port,
	)
	daemon := spawn(t, env, "run")
	polls := func() int { return studio.Counters().ByType["GetTraitValueRequest"] }
	works := func() {
		t.Helper()
		before := polls()
		eventually(t, "the daemon polls on", func() bool { return polls() >= before+2 })
	}
	works()

	check := spawn(t, env, "check")
	if code := check.code(t); code != exitOK {
		t.Fatalf("want exit 0, got %d:\n%s", code, check.out.String())
	}
	for _, want := range []string{"a daemon works with it", "is taken by the running daemon"} {
		if !strings.Contains(check.out.String(), want) {
			t.Errorf("want %q in\n%s", want, check.out.String())
		}
	}
	if c := studio.Counters(); c.Refreshes != 0 {
		t.Errorf("the token was good: want no renewal, got %d", c.Refreshes)
	}

	studio.ExpireAccess()
	var all []*child
	for range 3 {
		all = append(all, spawn(t, env, "check"))
	}
	for _, c := range all {
		if code := c.code(t); code != exitOK {
			t.Errorf("want exit 0, got %d:\n%s", code, c.out.String())
		}
	}
	works()
	if c := studio.Counters(); c.Refreshes != 1 || c.RefreshesRefused != 0 {
		t.Errorf("want the token renewed once, got %d times, %d refused", c.Refreshes, c.RefreshesRefused)
	}
	own := spied.sentBy(func(id string) bool { return strings.Contains(id, "-check-") })
	if _, wills, sent := spied.seen(); wills != 1 || own != 0 || sent == 0 {
		t.Errorf("want the daemon's will only and its messages only, got %d wills, %d packets of checks, %d in all", wills, own, sent)
	}
	if text := daemon.out.String(); strings.Contains(text, "login needed") || strings.Contains(text, "connection to the broker lost") {
		t.Errorf("the daemon was disturbed:\n%s", text)
	}
	if files, _ := filepath.Glob("data"); len(files) > 0 {
		t.Errorf("it left %q", files)
	}
}

// TestChecksWithoutADaemon: several at once, and a pair that ended long ago.
func TestChecksWithoutADaemon(t *testing.T) {
	studio, address := studioServer(t, aqaratest.Options{})
	env := studioEnv(t, studio, address, "aqara", "AQARA_")
	studio.ExpireAccess()
	var all []*child
	for range 3 {
		all = append(all, spawn(t, env, "check"))
	}
	renewed := 0
	for _, c := range all {
		if code := c.code(t); code != exitOK {
			t.Errorf("want exit 0, got %d:\n%s", code, c.out.String())
		}
		if strings.Contains(c.out.String(), "was fetched just now") {
			renewed++
		}
	}
	if c := studio.Counters(); c.Refreshes != 1 || c.RefreshesRefused != 0 || renewed != 1 {
		t.Errorf("want one renewal and one check that tells of it, got %d (%d refused) and %d", c.Refreshes, c.RefreshesRefused, renewed)
	}
	// What was renewed is in the store: the next check needs nothing.
	code, stdout, stderr := command(t, env, "check")
	if c := studio.Counters(); code != exitOK || c.Refreshes != 1 {
		t.Errorf("want exit 0 without a renewal, got %d, %d renewals:\n%s%s", code, c.Refreshes, stdout, stderr)
	}
}

func TestAnotherUsersDataDirIsLeftAlone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can make a file of another user, and so only root is tested")
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, aliveFile)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	if _, err := visitStore(t.Context(), &settings{variables: variables{DataDir: dir}}, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "id 65532") {
		t.Errorf("want it refused, got %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("it wrote: %v", names)
	}
}
