package data

// mnist is LeCun, Cortes and Burges' handwritten digits. The checksums of the uncompressed files are the published
// ones; re-packed gz files circulate, of which the md5 below (torchvision's) does not hold.
func mnist() *Card {
	lecun := "Y. LeCun, C. Cortes, C. Burges, The MNIST database"
	torch := Provenance{"statistics of the train part, rounded, as in PyTorch's MNIST example", "PyTorch and Opacus, in their published MNIST examples"}
	return idxSet(&Card{
		Name: "mnist", Title: "handwritten digits, 28×28", Shape: Shape{28, 28, 1},
		Classes: decimals(0, 9), Order: Provenance{"the digits in their usual order", lecun},
		Train: 60000, Test: 10000, Counts: Provenance{"the published sizes of the two parts", lecun},
		Constants: []Constant{
			{"scale", []float64{255}, Provenance{"pixels are bytes", "the IDX format"}},
			{"mean", []float64{0.1307}, torch},
			{"std", []float64{0.3081}, torch},
		},
		Folders: []string{"mnist", "MNIST/raw"},
		License: "CC BY-SA 3.0 (usually given)", Citation: "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998",
	}, []string{
		"https://ossci-datasets.s3.amazonaws.com/mnist/",
		"https://storage.googleapis.com/cvdf-datasets/mnist/",
	}, [4]int64{9912422, 28881, 1648877, 4542}, [4][]Hash{
		{{ContentSHA256, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"}, {FileMD5, "f68b3c2dcbeaaa9fbdd348bbdeb94873"}},
		{{ContentSHA256, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"}, {FileMD5, "d53e105ee54ea40749a09fcbcd1e9432"}},
		{{ContentSHA256, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"}, {FileMD5, "9fb629c4189551a2d022fa330f9573f3"}},
		{{ContentSHA256, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}, {FileMD5, "ec29112dd5afa0611ce80d1b7f02629c"}},
	})
}
