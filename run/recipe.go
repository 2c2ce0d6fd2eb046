package run

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"hush/internal/nearest"
)

//go:embed recipes/*.yaml
var recipeFiles embed.FS

// Recipe is a config that ships with the program.
type Recipe struct {
	Name    string
	Summary string
	Answers Answer // the figure it is to be compared with
	keys    layer
}

// Answer is a figure and where it comes from.
type Answer struct {
	Figure string `yaml:"figure" json:"figure"`
	Source string `yaml:"source" json:"source"`
}

// Recipes returns all recipes in catalog order.
func Recipes() []Recipe {
	var list []Recipe
	for _, name := range catalog {
		r, err := LookupRecipe(name)
		must(err)
		list = append(list, r)
	}
	return list
}

// LookupRecipe returns a recipe by name, or an *Error with the nearest name.
func LookupRecipe(name string) (Recipe, error) {
	if !slices.Contains(catalog[:], name) {
		advice := "hush train --recipe list"
		if best := nearest.Name(name, catalog[:]); best != "" {
			advice = "did you mean " + best + "? " + advice + " shows all"
		}
		return Recipe{}, problem(advice, "unknown recipe %q", name)
	}
	text, err := recipeFiles.ReadFile("recipes/" + name + ".yaml")
	must(err)
	r, err := parseRecipe(text)
	must(err)
	return r, nil
}

func parseRecipe(text []byte) (Recipe, error) {
	var f struct {
		Name    string    `yaml:"name"`
		Summary string    `yaml:"summary"`
		Answers Answer    `yaml:"answers"`
		Config  yaml.Node `yaml:"config"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return Recipe{}, fmt.Errorf("recipe: %w", err)
	}
	r := Recipe{Name: f.Name, Summary: f.Summary, Answers: f.Answers, keys: layer{}}
	if err := r.keys.addMap("", &f.Config, "recipe "+f.Name, leaves()); err != nil {
		return Recipe{}, err
	}
	for k, e := range r.keys {
		r.keys[k] = entry{e.node, "recipe " + f.Name}
	}
	return r, nil
}

func (r Recipe) layer() layer { return r.keys }

// dataName is the data set a recipe is for, or fallback.
func (r Recipe) dataName(fallback string) string {
	if e, ok := r.keys["data"]; ok {
		return e.node.Value
	}
	return fallback
}

// recipeOf returns the recipe that a data set brings with it.
func recipeOf(data string) (Recipe, bool) {
	for _, o := range ownRecipes {
		if o.data == data {
			r, err := LookupRecipe(o.recipe)
			must(err)
			return r, true
		}
	}
	return Recipe{}, false
}

func isDefaultRecipe(name string) bool {
	for _, o := range ownRecipes {
		if o.recipe == name {
			return true
		}
	}
	return false
}

// Answer returns the figure that the config's recipe is to be compared with. ok is false when there is none or when
// the data set, or anything else of the guarantee or the bits, differs from the recipe: then the figure says nothing.
func (c Config) Answer() (a Answer, ok bool) {
	if c.Recipe == "" {
		return Answer{}, false
	}
	r, err := LookupRecipe(c.Recipe)
	if err != nil {
		return Answer{}, false
	}
	own, err := resolve(c.Recipe, layer{})
	if err != nil || strings.TrimSpace(r.Answers.Figure) == "" {
		return Answer{}, false
	}
	// What need not agree: the secret-free randomness and the kernel path.
	own.Seed, own.InsecureSeed, own.Kernels = c.Seed, c.InsecureSeed, c.Kernels
	own.Twin, own.MaxEpsilon, own.Lanes = c.Twin, c.MaxEpsilon, c.Lanes
	return r.Answers, own.Hash() == c.Hash()
}
