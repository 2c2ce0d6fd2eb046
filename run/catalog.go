package run

// catalog lists the recipes in the order in which they are shown; each is recipes/<name>.yaml. To add one: write the
// file, add a line.
var catalog = [...]string{
	"digits",
	"mnist-opacus",
	"mnist-dormann",
	"mnist-tramer",
	"fashion-mnist-tramer",
	"location30",
	"location30-dp",
}

// ownRecipes are the recipes that a data set brings with it: named by nothing but --data.
var ownRecipes = [...]struct{ data, recipe string }{
	{"digits", "digits"},
}
