Console.WriteLine("SparkTrain");
