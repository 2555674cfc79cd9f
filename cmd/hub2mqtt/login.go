package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/bridge/web"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// outcomeEvery is how often the store is asked whether somebody else, the running bridge
// say, finished the login.
const outcomeEvery = time.Second

// login logs one hub in from the terminal. A bridge may run beside it: logins under way
// lie in the store, so that either of the two can take the answer.
func (p program) login(ctx context.Context, args []string) error {
	var envFile string
	name, err := hubAndFlags("login", args, func(fs *flag.FlagSet) {
		fs.StringVar(&envFile, "env-file", "", "settings to read first")
	})
	if err != nil {
		return err
	}
	s, err := p.load(envFile)
	if err != nil {
		return err
	}
	return loginHub(ctx, s, name, console{in: p.stdin, out: p.stdout, errs: p.stderr})
}

// console is where the person sits.
type console struct {
	in        io.Reader
	out, errs io.Writer
}

func loginHub(ctx context.Context, s *settings, name string, c console) error {
	i := slices.IndexFunc(s.hubs, func(h hubSetting) bool { return h.name == name })
	if i < 0 {
		return usageError{fmt.Errorf("login: HUBS names no %q", name)}
	}
	s.level = max(s.level, zerolog.WarnLevel) // the person reads what is printed
	logs, redact := newLogs(s, c.errs)
	store, err := openStore(ctx, s, logs.of(""))
	if err != nil {
		return err
	}
	h := s.hubs[i]
	acc, err := opener{s: s, store: store, redact: redact, late: true}.open(ctx, h, logs.of(name), nil)
	if err != nil {
		return err
	}
	defer func() { _ = acc.leave(ctx) }() // what was logged in is saved already
	door := web.Door{Hub: acc.opened, Redirect: s.redirect(h)}
	l := &terminalLogin{hub: name, s: s, desk: web.NewDesk(store, zerolog.Nop()), console: c}
	l.desk.Set(name, door)
	fields := l.desk.Fields(name)
	switch {
	case l.desk.ByBrowser(name):
		err = l.byBrowser(ctx, door.Redirect)
	case len(fields) > 0:
		err = l.byToken(ctx, fields)
	default:
		return usageError{fmt.Errorf("login: %s has no login: its settings hold all that it needs", name)}
	}
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	fmt.Fprintf(c.out, "\n%s is logged in. A bridge that runs uses it within seconds.\n", name)
	return nil
}

// terminalLogin is one login in the terminal.
type terminalLogin struct {
	hub  string
	s    *settings
	desk *web.Desk
	console
}

// byBrowser waits for whatever comes first: the browser at our own port, the browser at
// the running bridge, or the pasted address.
func (l *terminalLogin) byBrowser(ctx context.Context, redirect string) error {
	address, state, err := l.desk.Begin(ctx, l.hub)
	if err != nil {
		return err
	}
	stop, answers := l.listen(ctx)
	defer stop()
	fmt.Fprintf(l.out, "Open this address in a browser, log in and allow access:\n\n  %s\n\n"+
		"The browser then goes to %s.\n", address, redirect)
	if answers != "" {
		fmt.Fprintf(l.out, "%s\n", answers)
	}
	fmt.Fprintf(l.out, "If it cannot open that page, copy its address at once and paste it here:\n")

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := l.lines(ctx)
	tick := time.NewTicker(outcomeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return errors.New("given up before an answer came")
		case line, more := <-lines:
			if !more {
				lines = nil
				if answers == "" {
					return errors.New("no return address was pasted, and nobody else can take the answer")
				}
				continue
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			if err := l.paste(ctx, line); err != nil {
				fmt.Fprintf(l.out, "%v\n", err)
			}
		case <-tick.C:
		}
		if done, err := l.ended(ctx, state); done {
			return err
		}
	}
}

func (l *terminalLogin) paste(ctx context.Context, line string) error {
	answer, err := web.ParseAnswer(line)
	if err != nil {
		return err
	}
	return l.desk.Finish(ctx, l.hub, answer)
}

// ended asks the store how the attempt stands. A store that cannot be read now may be
// read a second later.
func (l *terminalLogin) ended(ctx context.Context, state string) (bool, error) {
	o, err := l.desk.Outcome(ctx, l.hub, state)
	switch {
	case err != nil || !o.Ended:
		return false, nil //nolint:nilerr // it is asked again
	case o.Problem != "":
		return true, errors.New(o.Problem)
	}
	return true, nil
}

// listen serves the return address at the port of HTTP_LISTEN, where no bridge does.
// answers says in a sentence who takes the browser's answer; empty: nobody.
func (l *terminalLogin) listen(ctx context.Context) (stop func(), answers string) {
	if l.s.HTTPListen == "off" {
		return func() {}, ""
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.s.HTTPListen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return func() {}, "The bridge that runs takes the answer; this program notices."
	}
	var page http.Handler
	if err == nil {
		page, err = web.NewCallback(web.Config{
			PublicURL: l.s.PublicURL, Desk: l.desk, Log: zerolog.Nop(), Hubs: func() []bridge.HubView { return nil },
			Password: func() (auth.Secret, error) { return l.s.HTTPPassword, nil },
		})
	}
	if err != nil {
		fmt.Fprintf(l.errs, "HTTP_LISTEN: %v\n", err)
		return func() {}, ""
	}
	srv := newServer(page, zerolog.Nop())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.Serve(listener) }()
	return func() {
		// The browser is still to get its answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx)
		_ = srv.Close()
		<-ended
	}, "This program takes the answer there."
}

// lines reads what is typed or pasted, until the end of the input. A read that waits when
// ctx ends is left behind: nothing can wake it.
func (l *terminalLogin) lines(ctx context.Context) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		scan := bufio.NewScanner(l.in)
		scan.Buffer(nil, 64<<10)
		for scan.Scan() {
			select {
			case out <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// byToken asks for what the vendor's page shows.
func (l *terminalLogin) byToken(ctx context.Context, fields []hubs.TokenField) error {
	ask := l.asker(ctx)
	entered := map[string]auth.Secret{}
	for _, f := range fields {
		label := f.Label
		if f.Optional {
			label += " (Enter if there is none)"
		}
		fmt.Fprintf(l.out, "%s\n", f.Help)
		text, err := ask(label + ": ")
		if err != nil {
			return err
		}
		entered[f.Name] = auth.Secret(strings.TrimSpace(text))
	}
	return l.desk.Take(ctx, l.hub, entered)
}

// asker returns what asks one question, without an echo where a person types.
func (l *terminalLogin) asker(ctx context.Context) func(prompt string) (string, error) {
	if f, ok := l.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return func(prompt string) (string, error) { return askSecret(ctx, f, l.out, prompt) }
	}
	lines := l.lines(ctx)
	return func(prompt string) (string, error) {
		fmt.Fprint(l.out, prompt)
		defer fmt.Fprintf(l.out, "\n")
		select {
		case line := <-lines: // at the end of the input there is nothing, as on an empty line
			return line, nil
		case <-ctx.Done():
			return "", errors.New("given up")
		}
	}
}

// askSecret reads one line without an echo. Raw mode takes lines of any length, where
// the terminal's own line editing cuts them at 1,024 characters on some systems.
func askSecret(ctx context.Context, in *os.File, out io.Writer, prompt string) (string, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{in, out}, "").ReadPassword(prompt)
		got <- answer{text, err}
	}()
	select {
	case a := <-got:
		if a.err != nil {
			return "", errors.New("given up")
		}
		return a.text, nil
	case <-ctx.Done():
		return "", errors.New("given up")
	}
}
