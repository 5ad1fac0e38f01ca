global using CsCheck;
global using SparkTrain.Model.Tests.Reference;
global using SparkTrain.ModelFormat;
global using SparkTrain.Numerics;
