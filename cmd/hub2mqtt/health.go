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
	var v variables
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
	if age := now.Sub(info.ModTime()); age > aliveLimit {
		return fmt.Errorf("not alive: no sign for %s", age.Round(time.Second))
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
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not alive: it answered %s", resp.Status)
	}
	return nil
}
