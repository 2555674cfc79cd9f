package hubs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// TestClassesListsThemAll reads the constants: one that the list lacks could not be
// chosen by anybody.
func TestClassesListsThemAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "class.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want []Class
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, v := range spec.Values {
			word, _ := strconv.Unquote(v.(*ast.BasicLit).Value)
			if word != "" {
				want = append(want, Class(word))
			}
		}
		return true
	})
	if len(want) < 80 {
		t.Fatalf("want all constants read, got %d", len(want))
	}
	if got := Classes(); !slices.Equal(want, got) {
		t.Errorf("want %v, got %v", want, got)
	}
}
