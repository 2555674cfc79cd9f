package auth

import (
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRaceOfProcesses: 200 goroutines in each of three processes around one token that is due.
func TestRaceOfProcesses(t *testing.T) {
	for name, left := range map[string]time.Duration{"expired": -time.Minute, "due": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			const children = 3
			v := newVendor(time.Hour)
			v.end = time.Now().Add(left)
			url := serve(t, v, children)
			dir := t.TempDir()
			keep(t, dir, url, Token{}, v.token())
			start := time.Now()
			var wg sync.WaitGroup
			for range children {
				cmd := spawn(t, "race", dir, url, Token{}, 0)
				wg.Go(func() {
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("child: %v\n%s", err, out)
					}
				})
			}
			wg.Wait()
			grants, calls := v.count()
			if grants != 1 {
				t.Errorf("got %d refreshes, want exactly 1", grants)
			}
			t.Logf("%d refresh, %d calls of %d goroutines in %d processes, %v", grants, calls, 200*children, children, time.Since(start))
		})
	}
}

// TestCrashPoints kills a process with SIGKILL between any two system calls of a renewal. The next process must work,
// except where the vendor's rules leave no way: the old token is spent, and the new one exists nowhere but in the
// memory that died. Those points are named here; the test fails if one is added or goes.
func TestCrashPoints(t *testing.T) {
	noWay := []string{
		"answered",     // the vendor has rotated, the answer is on the wire
		"answer read",  // it is in memory
		"save: locked", // no file yet
		"save: folder",
		"save: new created",
		"save: new mode", // the file is empty; from "save: new written" on it is found again
	}
	for _, from := range []string{"stored token", "seed"} {
		t.Run(from, func(t *testing.T) {
			names := crashRun(t, from, 0, nil)
			if len(names) < 18 {
				t.Fatalf("got only %d steps: %q", len(names), names)
			}
			lost := map[string]bool{}
			for n := range names {
				crashRun(t, from, n+1, func(ok bool, text string) {
					if !ok {
						lost[names[n]] = true
						if !strings.Contains(text, "no usable answer") {
							t.Errorf("killed at %q: the reason does not name the lost answer: %s", names[n], text)
						}
					}
				})
			}
			if d := cmp.Diff(slices.Sorted(slices.Values(noWay)), slices.Sorted(maps.Keys(lost))); d != "" {
				t.Errorf("points without a way back (-want +got):\n%s", d)
			}
			t.Logf("%d points, %d without a way back", len(names), len(lost))
		})
	}
}

// crashRun runs a renewal that is killed at step at, or to its end if that is 0, and then what a restart finds.
func crashRun(t *testing.T, from string, at int, restarted func(ok bool, text string)) []string {
	t.Helper()
	v := newVendor(time.Hour)
	v.end = time.Now().Add(-time.Minute)
	url := serve(t, v, 0)
	dir, seed := t.TempDir(), v.token()
	if from == "stored token" {
		seed = Token{Access: "old seed", Refresh: "old seed"}
		keep(t, dir, url, seed, v.token())
	}
	out, err := spawn(t, "crash", dir, url, seed, at).CombinedOutput()
	if at == 0 {
		if err != nil {
			t.Fatalf("without a crash: %v\n%s", err, out)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	ee, ok := errors.AsType[*exec.ExitError](err)
	if !ok || !ee.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("step %d: the child was not killed: %v\n%s", at, err, out)
	}
	out, err = spawn(t, "crash", dir, url, seed, -1).CombinedOutput()
	ee, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && (!failed || ee.ExitCode() != 3) {
		t.Fatalf("step %d: restart neither works nor says that a login is needed: %v\n%s", at, err, out)
	}
	restarted(err == nil, string(out))
	return nil
}
