package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/bridge/broker"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// checkLimit is how long one hub may take for login and inventory.
const checkLimit = 60 * time.Second

var errCheck = errors.New("check: not everything works, see above")

// check tries what run would use, and publishes nothing.
func (p program) check(ctx context.Context, args []string) error {
	var envFile string
	err := p.flags("check", args, func(fs *flag.FlagSet) {
		fs.StringVar(&envFile, "env-file", "", "settings to read first")
	})
	if err != nil {
		return err
	}
	s, err := p.load(envFile)
	if err != nil {
		return err
	}
	return newChecker(s, p.stdout, p.stderr).run(ctx)
}

// checker makes one check.
type checker struct {
	s      *settings
	out    io.Writer
	logs   logs
	redact *auth.Redactor
	limit  time.Duration // for one hub
	daemon bool          // one works with DATA_DIR
	bad    int           // how much does not work
}

func newChecker(s *settings, stdout, stderr io.Writer) *checker {
	if s.level == zerolog.InfoLevel { // the table says it all; who asks for more gets it
		s.level = zerolog.WarnLevel
	}
	c := &checker{s: s, limit: checkLimit}
	c.logs, c.redact = newLogs(s, stderr)
	// The table goes through the masking writer too, a second net as for logs.
	c.out = c.redact.To(stdout)
	return c
}

func (c *checker) run(ctx context.Context) error {
	c.say("settings", nil, "")
	for _, name := range c.s.warnings {
		fmt.Fprintf(c.out, "           %s is not known, is it a typo?\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.badFiles)) {
		c.say(name+hubFileSuffix, c.s.badFiles[name], "")
	}
	c.daemon = daemonRuns(c.s.DataDir)
	store, err := visitStore(ctx, c.s, c.logs.of(""))
	about := c.s.DataDir
	if c.daemon {
		about += ", a daemon works with it"
	}
	c.say("DATA_DIR", err, about)
	about, err = c.broker(ctx)
	c.say("broker", err, about)
	if c.s.HTTPListen != "off" {
		about, err = c.web(ctx)
		c.say("web page", err, about)
	}
	if store == nil {
		fmt.Fprint(c.out, "\nThe hubs were not tried: without DATA_DIR a token that has to be renewed would be lost.\n")
	} else {
		c.hubs(ctx, store)
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("check: was cut short")
	case c.bad > 0:
		return errCheck
	}
	return nil
}

func (c *checker) say(what string, err error, about string) {
	word := "ok"
	if err != nil {
		word, about = "FAILED", err.Error()
		c.bad++
	}
	fmt.Fprintf(c.out, "%s\n", strings.TrimRight(fmt.Sprintf("%-10s %-6s %s", what, word, about), " "))
}

// broker connects once, under a name of its own.
func (c *checker) broker(ctx context.Context) (about string, err error) {
	target := c.s.mqttURL
	if target == nil {
		err := canListen(ctx, c.s.MQTTListen)
		switch {
		case err == nil:
			return "embedded, " + c.s.MQTTListen + " is free for it", nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return "", fmt.Errorf("MQTT_LISTEN: %w", err)
		case !c.daemon:
			return "", fmt.Errorf("MQTT_LISTEN: something else listens on %s: if it is a broker, set MQTT_URL=mqtt://%s", c.s.MQTTListen, c.s.MQTTListen)
		}
		if target, err = url.Parse("mqtt://" + broker.Reachable(c.s.MQTTListen)); err != nil {
			return "", fmt.Errorf("MQTT_LISTEN: %w", err)
		}
		about = ", the running daemon's own"
	}
	m, err := bridge.NewMQTT(bridge.MQTTConfig{
		URL: target, ClientID: visitorID(c.s.BaseTopic), Credentials: c.s.credentials, Logger: zerolog.Nop(),
	})
	if err != nil {
		return "", err
	}
	return target.Scheme + "://" + target.Host + about, m.Check(ctx)
}

// visitorID is nobody else's: under the daemon's own id the broker would cut it off.
func visitorID(base string) string {
	tail := make([]byte, 2)
	_, _ = rand.Read(tail) // it never fails
	return strings.ReplaceAll(base, "/", "_") + "-check-" + hex.EncodeToString(tail)
}

// web looks whether the address can be had, or is the daemon's.
func (c *checker) web(ctx context.Context) (about string, err error) {
	addr := c.s.HTTPListen
	err = canListen(ctx, addr)
	switch {
	case err == nil:
		return addr + " is free", nil
	case !errors.Is(err, syscall.EADDRINUSE):
		return "", fmt.Errorf("HTTP_LISTEN: %w", err)
	case c.daemon:
		return addr + " is taken by the running daemon", nil
	case askHealth(ctx, addr) == nil:
		return addr + " is taken: a daemon seems to run, with another DATA_DIR", nil
	}
	return "", fmt.Errorf("HTTP_LISTEN: %s is taken by another program: choose another address, or HTTP_LISTEN=off", addr)
}

func canListen(ctx context.Context, addr string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// hubReport is what a check found out about one hub.
type hubReport struct {
	name, vendor      string
	err               error
	devices, entities int
	expires           time.Time
	budget            *hubs.Budget
	notes             []string
}

// hubs tries all of them at once.
func (c *checker) hubs(ctx context.Context, store auth.KV) {
	reports := make([]hubReport, len(c.s.hubs))
	open := opener{s: c.s, store: store, redact: c.redact, shared: &auth.Shared{}, late: true}
	var wg sync.WaitGroup
	for i, h := range c.s.hubs {
		wg.Go(func() { reports[i] = c.hub(ctx, h, open) })
	}
	wg.Wait()
	var table bytes.Buffer // the masking writer wants whole lines
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\nHUB\tVENDOR\tSTATE\tDEVICES\tENTITIES\tTOKEN ENDS\tQUOTA\n")
	for i := range reports {
		fmt.Fprintf(t, "%s\n", reports[i].row())
	}
	_ = t.Flush()                     // a buffer takes everything
	_, _ = c.out.Write(table.Bytes()) // a terminal that is gone: nobody reads on
	for i := range reports {
		r := &reports[i]
		if r.err != nil {
			c.bad++
			fmt.Fprintf(c.out, "\n%s: %v\n", r.name, r.err)
			if hint := hubs.HintOf(r.err); hint != "" {
				fmt.Fprintf(c.out, "  %s\n", hint)
			}
		}
		for _, note := range r.notes {
			fmt.Fprintf(c.out, "\n%s: %s\n", r.name, note)
		}
	}
}

func (r *hubReport) row() string {
	devices, entities, ends, quota := "-", "-", "-", "-"
	if r.err == nil {
		devices, entities = fmt.Sprint(r.devices), fmt.Sprint(r.entities)
	}
	if !r.expires.IsZero() {
		ends = r.expires.Local().Format("2006-01-02 15:04")
	}
	if r.budget != nil {
		quota = fmt.Sprintf("%d of %d", r.budget.Used, r.budget.Limit)
	}
	return strings.Join([]string{r.name, r.vendor, string(bridge.StateOf(r.err)), devices, entities, ends, quota}, "\t")
}

// hub logs in and asks for the inventory once. A hub that holds on to its call is left
// behind.
func (c *checker) hub(ctx context.Context, h hubSetting, open opener) hubReport {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	done := make(chan hubReport, 1)
	go func() {
		r := hubReport{name: h.name, vendor: h.vendor.Name}
		defer func() {
			if p := recover(); p != nil { // what it says may hold anything
				r.err = errors.New("our own code failed on it: please report this")
			}
			done <- r
		}()
		c.try(ctx, h, open, &r)
	}()
	late := time.NewTimer(c.limit + 2*time.Second)
	defer late.Stop()
	gone := ctx.Done()
	for {
		select {
		case r := <-done:
			return r
		case <-gone:
			gone = nil
			late.Reset(7 * time.Second) // time to save what was learned
		case <-late.C:
			return hubReport{name: h.name, vendor: h.vendor.Name, err: fmt.Errorf("it does not let go of a call: %w", context.DeadlineExceeded)}
		}
	}
}

func (c *checker) try(ctx context.Context, h hubSetting, open opener, r *hubReport) {
	acc, err := open.open(ctx, h, c.logs.of(h.name), nil)
	if err != nil {
		r.err = err
		return
	}
	devices, err := acc.opened.Devices(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("gave no inventory within %s: %w", c.limit, err)
	}
	r.err = err
	r.devices = len(devices)
	for i := range devices {
		r.entities += len(devices[i].Entities)
	}
	if b, ok := acc.opened.(hubs.Budgeted); ok {
		if budget, limited := b.Budget(); limited {
			r.budget = &budget
		}
	}
	r.err = errors.Join(r.err, acc.leave(ctx))
	for _, st := range acc.states() {
		if !st.Expires.IsZero() && (r.expires.IsZero() || st.Expires.Before(r.expires)) {
			r.expires = st.Expires
		}
		if st.Refreshes > 0 {
			r.notes = append(r.notes, "there was no token, or it had ended: a new one was fetched just now")
		}
		if st.StoreError != "" {
			r.notes = append(r.notes, "the store does not take a write: "+st.StoreError)
		}
	}
	if err == nil && len(devices) == 0 {
		r.notes = append(r.notes, "it shows no device: may this token see any?")
	}
}
