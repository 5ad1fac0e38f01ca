global using static TorchSharp.torch;
global using TorchSharp.Modules;
global using SparkTrain.ModelFormat;
global using SparkTrain.Numerics;
global using TorchSharp;
global using F = TorchSharp.torch.nn.functional;
global using Tensor = TorchSharp.torch.Tensor;
