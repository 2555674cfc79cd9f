package tuyatest

import (
	"cmp"
	"net/http"
	"time"
)

func (c *Cloud) sceneRoutes() []route {
	return []route{
		{http.MethodGet, "/v1.0/homes/{home}/scenes", OpScenes, SceneLinkage, c.scenes},
		{http.MethodGet, "/v1.1/homes/{home}/scenes", OpScenes, SceneLinkage, c.scenes},
		{http.MethodPost, "/v1.0/homes/{home}/scenes/{scene}/trigger", OpTrigger, SceneLinkage, c.trigger},
	}
}

// scenes lists the tap-to-run scenes of a home, those that do not work any more too.
func (c *Cloud) scenes(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, s := range place.Scenes {
		actions := []any{}
		for _, act := range s.Actions {
			actions = append(actions, map[string]any{
				"action_executor": "dpIssue", "entity_id": act.Device, "executor_property": map[string]any{act.Code: act.Value},
			})
		}
		out = append(out, map[string]any{
			"scene_id": s.ID, "name": s.Name, "enabled": !s.Disabled, "status": cmp.Or(s.Status, "1"), "background": "",
			"actions": actions,
		})
	}
	return ok(out)
}

// trigger carries out what the devices of a scene can do that are online.
func (c *Cloud) trigger(q *request) answer {
	place, a := c.placeOf(q)
	if a.code != 0 {
		return a
	}
	for _, s := range place.Scenes {
		if s.ID != q.args["scene"] {
			continue
		}
		if s.Disabled || cmp.Or(s.Status, "1") != "1" {
			return refuse(codeNotSupported, "scene is disabled or broken")
		}
		for _, act := range s.Actions {
			d := c.home.device(act.Device)
			off := d == nil || !d.Online || q.Ignored
			c.note(q, act.Device, act.Code, act.Value, off)
			if !off {
				c.later(d.ID, "", c.opts.EffectDelay, func(now time.Time) {
					c.obey(now, act.Device, []change{{code: act.Code, value: stored(act.Value)}})
				})
			}
		}
		return ok(true)
	}
	return refuse(codePermission, "scene unknown")
}
