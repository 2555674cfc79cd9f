package aqaratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// restCommands is POST /devices/command/execute.
func (s *Studio) restCommands(q *request) answer {
	in := q.body("data")
	raw := in.list("data", true)
	if in.fault != "" {
		return badParam("%s", in.fault)
	}
	var orders []order
	for i, r := range raw {
		o, fault := parseOrder(r, fmt.Sprintf("$.data[%d]", i))
		if fault != "" {
			return badParam("%s", fault)
		}
		orders = append(orders, o)
	}
	if len(orders) == 0 {
		return badParam("data must not be empty")
	}
	var failed []itemFailure
	for _, o := range orders {
		if code, text := s.order(q, o); code != 0 {
			failed = append(failed, itemFailure{
				Device: o.Device, Endpoint: o.Endpoint, Function: o.Function, Command: o.command, Code: code, Message: text,
			})
		}
	}
	a := batch(len(orders), failed)
	a.status = http.StatusOK
	return a
}

// order is one item of a call of commands.
type order struct {
	Address
	command string
	args    map[string]json.RawMessage
}

func parseOrder(raw json.RawMessage, at string) (order, string) {
	in := parseObject(raw, at, "deviceId", "endpointId", "functionCode", "commandCode", "args")
	o := order{Address: Address{
		Device: in.str("deviceId", true), Endpoint: in.num("endpointId", true, 0), Function: in.str("functionCode", true),
	}, command: in.str("commandCode", true), args: map[string]json.RawMessage{}}
	for i, r := range in.list("args", false) {
		arg := parseObject(r, fmt.Sprintf("%s.args[%d]", at, i), "fieldCode", "value")
		code := arg.str("fieldCode", true)
		if _, twice := o.args[code]; twice {
			arg.fail("field %s given twice", code)
		}
		o.args[code], _ = arg.get("value", true)
		if arg.fault != "" {
			return o, arg.fault
		}
	}
	return o, in.fault
}

func (s *Studio) order(q *request, o order) (code int, text string) {
	if code, text = s.reachable(q, o.Device); code != 0 {
		return code, text
	}
	f := s.home.function(o.Address)
	if f == nil {
		return codeParam, "function does not exist"
	}
	i := slices.IndexFunc(f.Commands, func(c Command) bool { return c.Code == o.command })
	if i < 0 {
		return codeParam, "command does not exist"
	}
	if code, text = s.forbidden(o.Address, o.command); code != 0 {
		return code, text
	}
	args, fault := checkArgs(f.Commands[i], o.args)
	if fault != "" {
		return codeParam, fault
	}
	s.executed = append(s.executed, Executed{
		At: q.now, Call: q.index, Address: o.Address, Command: o.command, Value: args, Ignored: q.Ignored,
	})
	if !q.Ignored {
		s.later(func(now time.Time) { s.obey(o, args, now) })
	}
	return 0, ""
}

func checkArgs(c Command, raw map[string]json.RawMessage) (args map[string]any, fault string) {
	args = map[string]any{}
	for _, f := range c.Fields {
		r, ok := raw[f.Code]
		if !ok {
			if f.Mandatory {
				return nil, "field " + f.Code + " is mandatory"
			}
			continue
		}
		v, fault := checkWrite(f.Param, r)
		if fault != "" {
			return nil, f.Code + ": " + fault
		}
		args[f.Code] = v
	}
	if len(args) < len(raw) {
		return nil, "a field that the command does not have"
	}
	return args, ""
}

// restTriggers is GET /automations/manual-triggers.
func (s *Studio) restTriggers(q *request) answer {
	enabled, f1 := q.boolParam("enabledOnly", false)
	space, f2 := q.boolParam("includeSpace", false)
	if f := f1 + f2; f != "" {
		return badParam("%s", f)
	}
	list := []any{}
	for _, a := range s.home.Automations {
		if a.Trigger == "" || enabled && !a.Enabled {
			continue
		}
		m := map[string]any{
			"automationId": a.ID, "automationName": a.Name, "triggerNodeId": a.Node, "triggerName": a.Trigger,
			"enabled": a.Enabled, "definitionType": a.Kind, "createTime": q.millis(a.Created), "space": nil,
		}
		if sp := s.spaceJSON(a.Space); sp != nil && space {
			m["space"] = sp
		}
		list = append(list, m)
	}
	a := done(list)
	a.message = "success"
	return a
}

// restTrigger is POST /automations/manual-triggers/execute.
func (s *Studio) restTrigger(q *request) answer {
	in := q.body("automationId", "triggerNodeId")
	id, node := in.str("automationId", true), in.str("triggerNodeId", true)
	if in.fault != "" {
		return badParam("%s", in.fault)
	}
	a := s.home.automation(id)
	switch {
	case a == nil || a.Trigger == "" || a.Node != node:
		return refusal(http.StatusNotFound, codeNotFound, "no such manual trigger")
	case !a.Enabled:
		return badParam("the automation is disabled")
	}
	s.executed = append(s.executed, Executed{
		At: q.now, Call: q.index, Command: "ManualTrigger", Value: map[string]any{"automationId": id, "triggerNodeId": node},
		Ignored: q.Ignored,
	})
	if !q.Ignored {
		s.later(func(now time.Time) { s.run(a.Actions, now) })
	}
	out := done(nil)
	out.message = "success"
	return out
}

// run does what an automation does.
func (s *Studio) run(actions []Action, now time.Time) {
	for _, a := range actions {
		if t := s.home.trait(a.Address); t != nil && s.home.device(a.Device).Online {
			if v, err := convert(t.Param, a.Value); err == nil {
				s.effect(a.Address, v, now)
			}
		}
	}
}
