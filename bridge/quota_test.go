package bridge

import (
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

// fixedBudget is a budget that never changes.
type fixedBudget hubs.Budget

func (b fixedBudget) Budget() (hubs.Budget, bool) { return hubs.Budget(b), true }
