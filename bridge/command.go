package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hub2mqtt/hub2mqtt/discovery"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

const (
	executeLimit = 15 * time.Second // one Execute
	queueLimit   = 30 * time.Second // a command that waited longer is not sent any more
	queueLength  = 64               // commands waiting for one device
	onceWithin   = time.Minute      // the same transaction is executed once
)

// confirmReads are the waits before the reads that look whether a command worked,
// as long as something is pending.
var confirmReads = [...]time.Duration{ //nolint:gochecknoglobals // a constant
	700 * time.Millisecond, 2 * time.Second, 4 * time.Second, 8 * time.Second, 12 * time.Second,
	20 * time.Second, 30 * time.Second, 45 * time.Second, 60 * time.Second,
}

// Result codes that are not faults of a hub.
const (
	codeTimeout    = "timeout"
	codeSuperseded = "superseded"
	codeDuplicate  = "duplicate"
)

// job is one command on its way.
type job struct {
	discovery.Request
	id       uint64
	accepted time.Time
	outward  hubs.Command // as the hub is to get it
}

// queue is a device's commands, in order. It is under its hubRun's lock.
type queue struct {
	waiting  []*job
	working  bool // a goroutine works on it
	confirms int  // counts the goroutines that look whether commands worked; the last one does
}

// submit takes a request from a command topic: checked already, or refused.
func (h *hubRun) submit(ctx context.Context, req discovery.Request) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.byID[req.DeviceID]
	switch {
	case h.closing:
	case req.Err != nil:
		h.answer(req, now, req.Err)
	case req.DeviceID == discovery.HubID && h.ownCommand(req, now):
	case d == nil:
		h.answer(req, now, &hubs.Error{Fault: hubs.UnknownDevice, Err: fmt.Errorf("there is no device %q", req.DeviceID)})
	case req.Get:
		h.spawnRead(ctx, d)
	case h.repeated(req, now):
		h.reply(req, now, codeDuplicate, "this transaction was executed less than a minute ago")
	default:
		h.enqueue(ctx, d, req, now)
	}
}

func (h *hubRun) spawnRead(ctx context.Context, d *device) {
	id := d.placed.Device.ID
	h.tasks.Go(func() {
		if err := h.read(ctx, []hubs.DeviceID{id}); err != nil {
			h.log.Warn().Err(err).Str("device", d.placed.ID).Msg("device could not be read")
		}
	})
}

// repeated remembers a transaction, and tells whether it was there in the last minute.
func (h *hubRun) repeated(req discovery.Request, now time.Time) bool {
	if len(req.Transaction) == 0 {
		return false
	}
	for k, t := range h.recent {
		if now.Sub(t) > onceWithin {
			delete(h.recent, k)
		}
	}
	key := req.DeviceID + "/" + req.Entity + "/" + string(req.Transaction)
	_, known := h.recent[key]
	if !known {
		h.recent[key] = now
	}
	return known
}

// enqueue shows the command's values as pending truth and queues it. Newer values
// take the place of older ones that still wait; actions keep their place.
func (h *hubRun) enqueue(ctx context.Context, d *device, req discovery.Request, now time.Time) {
	e, ok := d.placed.Entity(req.Entity)
	if !ok {
		h.answer(req, now, &hubs.Error{Fault: hubs.UnknownEntity, Err: fmt.Errorf("there is no entity %q", req.Entity)})
		return
	}
	if req.Do == hubs.Toggle {
		if err := d.toggle(&req.Command); err != nil {
			h.answer(req, now, err)
			return
		}
	}
	req.Device = d.placed.Device.ID
	h.commandID++
	j := &job{Request: req, id: h.commandID, accepted: now, outward: d.lenses[req.Entity].out(req.Command)}
	q := &d.queue
	if i := q.outdone(j); i >= 0 {
		h.reply(q.waiting[i].Request, q.waiting[i].accepted, codeSuperseded, "a newer value came before this one was sent")
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	if len(q.waiting) >= queueLength {
		h.answer(req, now, &hubs.Error{Fault: hubs.Limited, Err: errors.New("too many commands wait for this device")})
		return
	}
	q.waiting = append(q.waiting, j)
	ws, within := d.wishes(req.Command, e)
	d.want(req.Command, ws, j.id, now, within)
	h.later(within, func() {
		d.drop(func(p pend) bool { return !p.until.After(time.Now()) })
		h.touch(d, time.Now())
	})
	h.touch(d, now)
	if !q.working {
		q.working = true
		h.tasks.Go(func() { h.work(ctx, d) })
	}
}

// toggle turns the command into a Set of the opposite of what is shown.
func (d *device) toggle(cmd *hubs.Command) error {
	on, known := d.shown(hubs.Point{Entity: cmd.Entity, Attr: hubs.On}).Bool()
	if !known {
		return &hubs.Error{Fault: hubs.Invalid, Err: fmt.Errorf("%s cannot be toggled: its state is not known", cmd.Entity)}
	}
	cmd.Do, cmd.Set = "", []hubs.AttrValue{{Attr: hubs.On, Value: hubs.Bool(!on)}}
	return nil
}

// outdone finds the waiting command whose every value j sets anew; -1: none. Only
// the last of the entity's counts, and never one behind an action.
func (q *queue) outdone(j *job) int {
	if j.Do != "" {
		return -1
	}
	for i, old := range slices.Backward(q.waiting) {
		if old.Entity != j.Entity {
			continue
		}
		if old.Do != "" {
			return -1
		}
		for _, s := range old.Set {
			if _, again := j.Value(s.Attr); !again {
				return -1
			}
		}
		return i
	}
	return -1
}

// work sends a device's commands one after another until none waits.
func (h *hubRun) work(ctx context.Context, d *device) {
	for {
		h.mu.Lock()
		if len(d.queue.waiting) == 0 || ctx.Err() != nil {
			d.queue.working = false
			h.mu.Unlock()
			return
		}
		j := d.queue.waiting[0]
		d.queue.waiting = d.queue.waiting[1:]
		h.mu.Unlock()
		h.execute(ctx, d, j)
	}
}

func (h *hubRun) execute(ctx context.Context, d *device, j *job) {
	err := error(&hubs.Error{Fault: hubs.Transient, Err: fmt.Errorf("it waited longer than %s: %w", queueLimit, context.DeadlineExceeded)})
	if time.Since(j.accepted) < queueLimit {
		err = h.order(ctx, func(ctx context.Context) error {
			return h.cfg.Hub.Execute(ctx, j.outward)
		})
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer(j.Request, j.accepted, err)
	if err != nil {
		h.log.Warn().Err(err).Str("device", d.placed.ID).Str("entity", j.Entity).Msg("command was not carried out")
		d.drop(func(p pend) bool { return p.id == j.id })
		h.touch(d, now)
	}
	d.sent(j.id, now)
	// A command that got no answer may have worked all the same: look.
	if err == nil || hubs.FaultOf(err) == hubs.Transient {
		h.confirm(ctx, d, err != nil)
	}
}

// confirm reads d early, and again while something is pending. A newer command
// begins anew.
func (h *hubRun) confirm(ctx context.Context, d *device, always bool) {
	d.queue.confirms++
	round := d.queue.confirms
	h.tasks.Go(func() {
		for i := 0; i < len(confirmReads) && ctx.Err() == nil; i++ {
			sleep(ctx, confirmReads[i])
			h.mu.Lock()
			need := d.queue.confirms == round && (len(d.pending) > 0 || always && i == 0)
			h.mu.Unlock()
			if !need {
				return
			}
			if err := h.read(ctx, []hubs.DeviceID{d.placed.Device.ID}); err != nil {
				h.log.Debug().Err(err).Str("device", d.placed.ID).Msg("read after a command")
			}
		}
	})
}

// answer publishes the one result of a request.
func (h *hubRun) answer(req discovery.Request, accepted time.Time, err error) {
	if err == nil {
		h.reply(req, accepted, "", "")
		return
	}
	h.reply(req, accepted, resultCode(err), err.Error())
}

func (h *hubRun) reply(req discovery.Request, accepted time.Time, code, text string) {
	h.health.commands++
	h.meter.command(code, time.Since(accepted))
	h.send(h.layout.Result(req.DeviceID, discovery.Result{
		Entity: req.Entity, OK: code == "", Error: text, Code: code,
		MS: time.Since(accepted).Milliseconds(), Transaction: req.Transaction,
	}))
}

// resultCode names err in the contract's words.
func resultCode(err error) string {
	switch f := hubs.FaultOf(err); f {
	case hubs.Invalid, hubs.ReadOnly, hubs.UnknownDevice, hubs.UnknownEntity, hubs.Offline, hubs.Limited, hubs.LoginNeeded:
		return f.String()
	case hubs.Transient:
		return codeTimeout
	case hubs.Bug, hubs.Misconfigured, hubs.Refused:
	}
	return hubs.Refused.String()
}
