// Package crew runs the goroutines of one stream. A panic in one of them ends the
// stream, and shows in the goroutine that waits, where whoever called it can recover:
// elsewhere it would end the whole process and every other hub with it.
package crew

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Crew is a group of goroutines that end together.
type Crew struct {
	end   context.CancelCauseFunc
	group sync.WaitGroup
	once  sync.Once
	first *Panic
}

// Panic is what Wait panics with: what a goroutine panicked with, and where.
type Panic struct {
	Value any
	Trace []byte
}

// Error is the value as text.
func (p *Panic) Error() string { return fmt.Sprint(p.Value) }

// Stack is the trace of the goroutine that panicked.
func (p *Panic) Stack() []byte { return p.Trace }

// New makes a Crew whose first panic ends a context by end.
func New(end context.CancelCauseFunc) *Crew { return &Crew{end: end} }

// Go starts do. It must not be called once Wait has returned.
func (c *Crew) Go(do func()) {
	c.group.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				p := &Panic{Value: r, Trace: debug.Stack()}
				c.once.Do(func() { c.first = p })
				c.end(p)
			}
		}()
		do()
	})
}

// Wait waits for all of them, and panics with a *Panic if one did.
func (c *Crew) Wait() {
	c.group.Wait()
	if c.first != nil {
		panic(c.first)
	}
}
