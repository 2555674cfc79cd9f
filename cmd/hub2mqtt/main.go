// Command hub2mqtt bridges smart-home hubs to MQTT and Home Assistant.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitOK    = 0
	exitFail  = 1 // failed while running
	exitUsage = 2 // wrong usage or settings
)

const usage = `hub2mqtt bridges smart-home hubs to MQTT and Home Assistant.

  hub2mqtt [run] [--env-file FILE]   the bridge, from settings
  hub2mqtt login HUB                 log a hub in that needs a human for it
  hub2mqtt demo [--for 20s]          a simulated home, no settings needed
  hub2mqtt check [--env-file FILE]   tries settings, broker and every hub, publishes nothing
  hub2mqtt dump HUB [-o FILE]        a zip for a bug report, without names, ids and secrets
  hub2mqtt healthcheck               exit 0 if the running bridge is alive
  hub2mqtt version

Settings are environment variables; see README.md.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := program{env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what main runs, with its surroundings handed in.
type program struct {
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// usageError is a fault of the command line or the settings: exit code 2.
type usageError struct{ error }

func (p program) run(ctx context.Context, args []string) int {
	command := "run"
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	commands := map[string]func(context.Context, []string) error{
		"run": p.bridge, "login": p.login, "demo": p.demo, "check": p.check, "dump": p.dump,
		"healthcheck": p.healthcheck, "version": p.version,
	}
	do, ok := commands[command]
	if !ok {
		fmt.Fprintf(p.stderr, "hub2mqtt: unknown command %q\n\n%s", command, usage)
		return exitUsage
	}
	err := do(ctx, args)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.stderr, usage)
		return exitOK
	}
	fmt.Fprintf(p.stderr, "hub2mqtt: %v\n", err)
	if _, wrong := errors.AsType[usageError](err); wrong {
		return exitUsage
	}
	return exitFail
}

// flags parses args, which may hold flags only.
func (p program) flags(name string, args []string, define func(*flag.FlagSet)) error {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	define(fs)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{fmt.Errorf("%s: %w", name, err)}
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Errorf("%s: what is %q for?", name, fs.Arg(0))}
	}
	return nil
}

// hubAndFlags parses args: the name of one hub, and flags before and behind it.
func hubAndFlags(command string, args []string, define func(*flag.FlagSet)) (hub string, err error) {
	fs := flag.NewFlagSet(command, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	define(fs)
	for range 2 { // what is behind HUB is read in the second round
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return "", err
			}
			return "", usageError{fmt.Errorf("%s: %w", command, err)}
		}
		if fs.NArg() == 0 {
			break
		}
		if hub != "" {
			return "", usageError{fmt.Errorf("%s: what is %q for?", command, fs.Arg(0))}
		}
		hub, args = fs.Arg(0), fs.Args()[1:]
	}
	if hub == "" {
		return "", usageError{fmt.Errorf("%s: which hub? For example: hub2mqtt %s aqara", command, command)}
	}
	return hub, nil
}

func (p program) bridge(ctx context.Context, args []string) error {
	var envFile string
	err := p.flags("run", args, func(fs *flag.FlagSet) {
		fs.StringVar(&envFile, "env-file", "", "settings to read first")
	})
	if err != nil {
		return err
	}
	s, err := p.load(envFile)
	if err != nil {
		return err
	}
	return serve(ctx, s, p.stderr)
}

// load reads the settings: those of envFile (empty: none), and of the environment.
func (p program) load(envFile string) (*settings, error) {
	env, err := readEnviron(envFile, p.env)
	if err != nil {
		return nil, usageError{err}
	}
	s, err := readSettings(env, vendors())
	if err != nil {
		return nil, usageError{fmt.Errorf("the settings have faults:\n%w", err)}
	}
	return s, nil
}

func (p program) demo(ctx context.Context, args []string) error {
	var length time.Duration
	err := p.flags("demo", args, func(fs *flag.FlagSet) {
		fs.DurationVar(&length, "for", 0, "end by itself after so long")
	})
	if err != nil {
		return err
	}
	if length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length)
		defer cancel()
	}
	return demo(ctx, p.stdout, p.stderr)
}

func (p program) version(_ context.Context, args []string) error {
	if err := p.flags("version", args, func(*flag.FlagSet) {}); err != nil {
		return err
	}
	v, commit := buildVersion()
	fmt.Fprintf(p.stdout, "hub2mqtt %s (commit %s, %s)\n", v, commit, runtime.Version())
	return nil
}

// buildVersion is the module's version and commit, as the go command recorded them.
func buildVersion() (version, commit string) {
	version, commit = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			commit = s.Value[:12]
		}
	}
	return version, commit
}
