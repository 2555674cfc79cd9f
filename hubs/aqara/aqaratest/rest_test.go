package aqaratest

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRESTReads(t *testing.T) {
	b := newBench(t, Options{AnswerOptions: AnswerOptions{LowerTypes: true}, FirmwareOptions: FirmwareOptions{Offline: []string{Switch}}})
	for path, c := range map[string]struct {
		status int
		has    string
		lacks  string
	}{
		"/devices": {200, `"gatewayId":null`, `"Light"`},
		"/devices?deviceTypesList=outlet,Button&deviceTypesMatchMode=and": {200, `"totalCount":1}`, Button},
		"/devices?deviceTypesList=outlet,Button":                          {200, `"totalCount":2}`, Door},
		"/devices?state=false":                                            {200, `"totalCount":1}`, ""},
		"/devices?spaceAssociated=false":                                  {200, `"totalCount":1}`, Strip},
		"/devices?spaceIds=a1-004":                                        {200, `"totalCount":0}`, ""},
		"/devices?spaceIds=a1-004&needChildren=true":                      {200, `"totalCount":3}`, ""},
		"/devices?deviceName=B%C3%BCro":                                   {200, `"totalCount":1}`, ""},
		"/devices?state=yes":                                              {400, "", ""},
		"/devices?pageSize=0":                                             {400, "", ""},
		"/devices?pageSize=x":                                             {400, "", ""},
		"/devices?nonsense=1":                                             {400, "", ""},
		"/devices/definitions":                                            {400, "", ""},
		"/devices/definitions?deviceIds=" + Curtain + "," + Strip:         {200, `{"commandCode":"StopMotion","fields":[]}`, ""},
		"/spaces":                                                         {200, `"Bad oben"`, ""},
		"/spaces?needChildren=false":                                      {200, `"Haus am Dörrberg"`, "Bad oben"},
		"/spaces?parentSpaceId=a1-004":                                    {200, `"Bad oben"`, "Obergeschoß"},
		"/spaces?parentSpaceId=nowhere":                                   {404, "", ""},
		"/studio/statistics?dimensions=deviceCount":                       {200, `"deviceCount":8`, ""},
		"/studio/statistics?dimensions=x":                                 {400, "", ""},
		"/automations/manual-triggers":                                    {200, `"Urlaub"`, "Licht bei Bewegung"},
		"/automations/manual-triggers?enabledOnly=true&includeSpace=true": {200, `"triggerName":"Film ab"`, "Urlaub"},
		"/devices/trait/read":                                             {405, "", ""},
		"/nonsense":                                                       {404, "", ""},
	} {
		r := b.must("GET", BasePath+path, "")
		if r.status != c.status || (r.Code == 0) != (c.status == 200) || !strings.Contains(r.body, c.has) ||
			c.lacks != "" && strings.Contains(r.body, c.lacks) {
			t.Errorf("%s: want %d with %s without %s, got %d %.400s", path, c.status, c.has, c.lacks, r.status, r.body)
		}
	}
	if r, _ := b.do("GET", BasePath+"/devices", "", http.Header{}); r.status != 401 {
		t.Errorf("without token: got %s", r.body)
	}
}

func TestRESTCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newPipeBench(t, Options{})
		send := func(device, endpoint, function, command, args string) reply {
			t.Helper()
			return b.must("POST", BasePath+"/devices/command/execute", `{"data":[{"deviceId":"`+device+`","endpointId":`+endpoint+
				`,"functionCode":"`+function+`","commandCode":"`+command+`","args":`+args+`}]}`)
		}
		position := Address{Curtain, 2, "WindowCovering", "CurrentPositionPercentage"}
		send(Curtain, "2", "WindowCovering", "GoToMaxPositionPercentage", "[]").is(t, 200, 0)
		time.Sleep(2 * time.Second) //nolint:forbidigo // in a bubble
		send(Curtain, "2", "WindowCovering", "StopMotion", "[]").is(t, 200, 0)
		time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
		if p := b.value(position); p != 55.0 {
			t.Errorf("want the curtain to stop at 55, got %v", p)
		}
		if p := b.value(Address{Curtain, 2, "WindowCovering", "TargetPositionPercentage"}); p != 55.0 {
			t.Errorf("want the target to follow, got %v", p)
		}
		for _, c := range []struct {
			command, args string
			code          int
			want          float64
		}{
			{"GoToPositionPercentage", `[{"fieldCode":"PositionPercentage","value":40.0}]`, 0, 40},
			{"GoToPositionPercentage", `[]`, 400, 40},
			{"GoToPositionPercentage", `[{"fieldCode":"PositionPercentage","value":"4"}]`, 400, 40},
			{"GoToPositionPercentage", `[{"fieldCode":"PositionPercentage","value":4},{"fieldCode":"X","value":1}]`, 400, 40},
			{"StepPosition", `[{"fieldCode":"Size","value":-50}]`, 0, 0},
			{"GoToMinPositionPercentage", `[]`, 0, 0},
			{"Jump", `[]`, 400, 0},
		} {
			send(Curtain, "2", "WindowCovering", c.command, c.args).is(t, 200, c.code)
			time.Sleep(time.Minute) //nolint:forbidigo // in a bubble
			if p := b.value(position); p != c.want {
				t.Errorf("%s %s: want %v, got %v", c.command, c.args, c.want, p)
			}
		}
		send(Strip, "2", "Output", "Toggle", "[]").is(t, 200, 0)
		send(Strip, "2", "LevelControl", "SetBrightness", `[{"fieldCode":"Level","value":10}]`).is(t, 200, 0)
		if b.value(Address{Strip, 2, "Output", "OnOff"}) != false || b.value(Address{Strip, 2, "LevelControl", "CurrentLevel"}) != 10.0 {
			t.Error("want a toggled and dimmed light")
		}
		send("nobody", "2", "Output", "Toggle", "[]").is(t, 200, 2030)
		if n := len(b.Executed()); n != 7 {
			t.Errorf("want 7 executed, got %d", n)
		}
	})
}

func TestRESTWrites(t *testing.T) {
	b := newBench(t, Options{})
	item := writeItem(Switch, 2, "Output", "OnOff", "true")
	b.must("POST", BasePath+"/devices/trait/execute", `{"data":[`+item+`]}`).is(t, 200, 0)
	b.must("POST", BasePath+"/devices/trait/execute", `[`+item+`]`).is(t, 400, 400)
	b.must("POST", BasePath+"/devices/trait/execute", `{"data":[`+writeItem("nobody", 2, "Output", "OnOff", "true")+`]}`).is(t, 200, 2030)
	r := b.must("POST", BasePath+"/devices/trait/read", `{"data":[{"deviceId":"`+Switch+`","endpointId":2,"functionCode":"Output","traitCodes":["OnOff"]}]}`)
	if r.Type != "GetTraitValueResponse" || !strings.Contains(r.body, `"value":true`) {
		t.Errorf("got %s", r.body)
	}
	const run = BasePath + "/automations/manual-triggers/execute"
	b.must("POST", run, `{"automationId":"auto_15b0cde_1273","triggerNodeId":"n1"}`).is(t, 200, 0)
	b.must("POST", run, `{"automationId":"auto_15b0cde_1273","triggerNodeId":"n9"}`).is(t, 404, 404)
	b.must("POST", run, `{"automationId":"auto_15b0cde_1275","triggerNodeId":"n1"}`).is(t, 400, 400)
	if e := b.Executed(); len(e) != 2 || e[1].Command != "ManualTrigger" {
		t.Errorf("got %+v", e)
	}
}
