package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

// terminal gives both ends of a pseudo terminal.
func terminal(t *testing.T) (keyboard, program *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system gives no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var n, unlocked int32
	for request, at := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &n} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(at))); errno != 0 {
			t.Fatal(errno)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return keyboard, program
}

func TestSecretsAreNotEchoed(t *testing.T) {
	long := strings.Repeat("canary-", 500)
	for _, c := range []struct {
		name, typed, want string
		fails             bool
	}{
		{"a token", "canary-1\r", "canary-1", false},
		{"longer than a line of the terminal", long + "\r", long, false},
		{"nothing", "\r", "", false},
		{"given up", "canary\x03", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			keyboard, program := terminal(t)
			before, err := term.GetState(int(program.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			var screen bytes.Buffer
			var reading sync.WaitGroup
			reading.Go(func() { _, _ = screen.ReadFrom(keyboard) })
			typed := make(chan error, 1)
			go func() {
				<-time.After(100 * time.Millisecond) // what is typed before the question would be echoed by the system
				_, err := keyboard.WriteString(c.typed)
				typed <- err
			}()
			got, err := askSecret(t.Context(), program, program, "Token: ")
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("want %d characters, got %d, %v", len(c.want), len(got), err)
			}
			if err := <-typed; err != nil {
				t.Error(err)
			}
			after, err := term.GetState(int(program.Fd()))
			if err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %v", err)
			}
			_ = program.Close()
			reading.Wait() // ends with the other side
			if s := screen.String(); !strings.Contains(s, "Token: ") || strings.Contains(s, "canary") {
				t.Errorf("on the screen: %q", s)
			}
		})
	}
}

func TestTerminalIsRestoredWhenTheProgramEnds(t *testing.T) {
	keyboard, program := terminal(t)
	before, err := term.GetState(int(program.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := askSecret(ctx, program, program, "Token: "); err == nil {
		t.Error("want it given up")
	}
	if after, err := term.GetState(int(program.Fd())); err != nil || *after != *before {
		t.Errorf("the terminal is not as it was: %v", err)
	}
	if _, err := keyboard.WriteString("\r"); err != nil { // lets the read go that was left behind
		t.Error(err)
	}
}
