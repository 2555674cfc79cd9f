package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// healthVariables are the settings that tell where to look. The others may be what is
// wrong: a secret's file that is gone does not make a daemon that runs a dead one.
type healthVariables struct {
	HTTPListen string `envconfig:"HTTP_LISTEN" default:"127.0.0.1:8099"`
	DataDir    string `envconfig:"DATA_DIR" default:"./data"`
}

// healthcheck looks whether the daemon with the same settings is alive.
func (p program) healthcheck(ctx context.Context, args []string) error {
	var envFile string
	err := p.flags("healthcheck", args, func(fs *flag.FlagSet) {
		fs.StringVar(&envFile, "env-file", "", "settings to read first")
	})
	if err != nil {
		return err
	}
	env, err := readEnviron(envFile, p.env)
	if err != nil {
		return usageError{err}
	}
	var v healthVariables
	if err := env.decode("", &v); err != nil {
		return usageError{err}
	}
	if v.HTTPListen == "off" {
		return freshFile(filepath.Join(v.DataDir, aliveFile), time.Now())
	}
	return askHealth(ctx, v.HTTPListen)
}

func freshFile(path string, now time.Time) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	age := now.Sub(info.ModTime())
	switch {
	case age > aliveLimit:
		return fmt.Errorf("not alive: no sign for %s", age.Round(time.Second))
	case age < -aliveLimit: // a clock went back; a daemon that runs would have touched it since
		return fmt.Errorf("not alive: the last sign is %s in the future", -age.Round(time.Second))
	}
	return nil
}

func askHealth(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usageError{fmt.Errorf("HTTP_LISTEN: %w", err)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", http.NoBody)
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy: it is this machine
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not alive: it answered %s", resp.Status)
	}
	return nil
}
