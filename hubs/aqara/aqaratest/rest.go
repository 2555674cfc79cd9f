package aqaratest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// route is one path of generation B.
type route struct {
	kind   string // the typed message it stands for
	scope  string
	params string // the query parameters it takes
	do     func(*request) answer
}

func (s *Studio) routes() map[string]route {
	if s.opts.OnlyA {
		return nil
	}
	list := map[string]route{
		"GET /devices": {kind: "GetDeviceInfoRequest", do: s.restDevices, params: "spaceIds needChildren spaceAssociated " +
			"state deviceTypesList deviceTypesMatchMode deviceName orderBy pageNum pageSize"},
		"GET /devices/definitions":      {kind: "GetDevicesRequest", do: s.restSpecs, params: "deviceIds"},
		"POST /devices/trait/read":      {kind: "GetTraitValueRequest", do: s.restRead},
		"POST /devices/trait/execute":   {kind: "ExecuteTraitRequest", do: s.restExecute},
		"POST /devices/command/execute": {kind: "ExecuteCommandRequest", do: s.restCommands},
		"GET /spaces":                   {kind: "GetSpacesRequest", do: s.restSpaces, params: "parentSpaceId needChildren needParentSpaceSelf"},
		"GET /studio/statistics":        {kind: "GetStudioStatisticsRequest", do: s.restStatistics, params: "dimensions"},
		"GET /automations/manual-triggers": {
			kind: "GetManualTriggersRequest", do: s.restTriggers, params: "enabledOnly includeSpace",
		},
		"POST /automations/manual-triggers/execute": {kind: "ExecuteManualTriggerRequest", do: s.restTrigger},
	}
	out := make(map[string]route, len(list))
	for name, r := range list {
		method, path, _ := strings.Cut(name, " ")
		r.scope = path
		out[method+" "+BasePath+path] = r
	}
	return out
}

// restCall answers everything that is neither the typed path nor the refresh.
func (s *Studio) restCall(q *request) answer {
	r := q.http
	rt, ok := s.rest[r.Method+" "+r.URL.Path]
	if !ok {
		for _, m := range []string{http.MethodGet, http.MethodPost} {
			if _, other := s.rest[m+" "+r.URL.Path]; other {
				return refusal(http.StatusMethodNotAllowed, http.StatusMethodNotAllowed, "method not allowed")
			}
		}
		return refusal(http.StatusNotFound, codeNotFound, "no such path")
	}
	if fault, bad := wrongTransport(r, r.Method); bad {
		return fault
	}
	if why := s.refusedToken(r, q.now); why != "" {
		return s.tokenRefused(q, why)
	}
	if !s.inScope(rt.scope) {
		return refusal(http.StatusForbidden, codeScope, "no permission for "+rt.scope)
	}
	for key, values := range r.URL.Query() {
		if !slices.Contains(strings.Fields(rt.params), key) || len(values) != 1 {
			return badParam("parameter %s is unknown or given twice", key)
		}
	}
	return rt.do(q)
}

// param reads a query parameter.
func (q *request) param(name string) string {
	return q.http.URL.Query().Get(name)
}

// params reads a parameter that lists words.
func (q *request) params(name string) []string {
	if q.param(name) == "" {
		return nil
	}
	return strings.Split(q.param(name), ",")
}

// boolParam reads a parameter that must be true or false.
func (q *request) boolParam(name string, fallback bool) (value bool, fault string) {
	switch q.param(name) {
	case "":
		return fallback, ""
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return false, name + " must be true or false"
}

func (s *Studio) restDevices(q *request) answer {
	num, size := 1, maxPage
	for name, n := range map[string]*int{"pageNum": &num, "pageSize": &size} {
		if v := q.param(name); v != "" {
			var err error
			if *n, err = strconv.Atoi(v); err != nil {
				return badParam("%s must be a whole number", name)
			}
		}
	}
	children, f1 := q.boolParam("needChildren", false)
	online, f2 := q.boolParam("state", false)
	placed, f3 := q.boolParam("spaceAssociated", false)
	mode := q.param("deviceTypesMatchMode")
	if f := f1 + f2 + f3; f != "" {
		return badParam("%s", f)
	}
	if mode != "" && mode != "or" && mode != "and" {
		return badParam("deviceTypesMatchMode must be or, or and")
	}
	spaces := s.spaceSet(q.params("spaceIds"), children)
	types, name := q.params("deviceTypesList"), q.param("deviceName")
	want := func(d *Device) bool {
		return (spaces == nil || spaces[d.Space]) && hasType(d, types, mode == "and") &&
			(q.param("state") == "" || d.Online == online) &&
			(q.param("spaceAssociated") == "" || (d.Space != "") == placed) &&
			strings.Contains(d.Name, name)
	}
	return s.page(q, want, q.param("orderBy"), num, size)
}

// spaceSet is the spaces asked for, with all below them if children are wanted.
func (s *Studio) spaceSet(ids []string, children bool) map[string]bool {
	if ids == nil {
		return nil
	}
	set := map[string]bool{}
	var add func(in []Space)
	add = func(in []Space) {
		for _, sp := range in {
			set[sp.ID] = true
			add(sp.Children)
		}
	}
	for _, id := range ids {
		set[id] = true
		if sp, _ := findSpace(s.home.Spaces, "", id); sp != nil && children {
			add(sp.Children)
		}
	}
	return set
}

func (s *Studio) restSpecs(q *request) answer {
	ids := q.params("deviceIds")
	if len(ids) == 0 {
		return badParam("deviceIds is required")
	}
	return s.specs(q, ids)
}

func (s *Studio) restRead(q *request) answer {
	in := q.body("data")
	items := in.list("data", true)
	if in.fault != "" {
		return badParam("%s", in.fault)
	}
	return s.read(q, items)
}

func (s *Studio) restExecute(q *request) answer {
	in := q.body("data")
	items := in.list("data", true)
	if in.fault != "" {
		return badParam("%s", in.fault)
	}
	a := s.execute(q, items)
	if a.partial {
		a.status = http.StatusOK // the items' codes tell
	}
	return a
}

func (s *Studio) restSpaces(q *request) answer {
	deep, f1 := q.boolParam("needChildren", true)
	self, f2 := q.boolParam("needParentSpaceSelf", false)
	if f := f1 + f2; f != "" {
		return badParam("%s", f)
	}
	id := q.param("parentSpaceId")
	if id == "" {
		return done(spacesJSON(s.home.Spaces, "", deep))
	}
	sp, parent := findSpace(s.home.Spaces, "", id)
	switch {
	case sp == nil:
		return refusal(http.StatusNotFound, codeNotFound, "space does not exist")
	case self:
		return done(spacesJSON([]Space{*sp}, parent, deep))
	}
	return done(spacesJSON(sp.Children, sp.ID, deep))
}

func (s *Studio) restStatistics(q *request) answer {
	counts := map[string]int{
		"deviceCount": len(s.home.Devices), "sceneCount": 0, "automationCount": len(s.home.Automations),
	}
	dimensions := q.params("dimensions")
	if len(dimensions) == 0 {
		return badParam("dimensions is required")
	}
	out := map[string]int{}
	for _, d := range dimensions {
		n, ok := counts[d]
		if !ok {
			return badParam("dimension %s is unknown", d)
		}
		out[d] = n
	}
	return done(out)
}
