using SparkTrain.Bench;
using SparkTrain.Input;

// dotnet run -c Release --project bench -- kernels [threads] [rounds] [name part]
// dotnet run -c Release --project bench -- train-step [threads] [rounds]
// dotnet run -c Release --project bench -- sparsity [threads] [rounds]
// dotnet run -c Release --project bench -- ranks [weak] [reduction] [memory] [rounds=7] [megabytes=1,16,128,256] [ranks=2,4]
// dotnet run -c Release --project bench -- memory [steps=300] [cases=part of a name]
// dotnet run -c Release --project bench -- scaling [rounds=5] [picture=docs/images/scaling.svg] [network=scripts/network-namespaces.sh]
// dotnet run -c Release --project bench -- faults [kills=200] [ranks=1,2] [seed=1]
// dotnet run -c Release --project bench -- fuzz [readers=parquet,model,…] [seeds=1..1000] [seconds=60] [limit=30] [output=artifacts/fuzz]
// dotnet run -c Release --project bench -- data loader [tokens=100] [rounds=5] [vocabulary=256000]
// dotnet run -c Release --project bench -- data prepare [megabytes=60] [rounds=5] [tokenizer=bpe:16384]
// dotnet run -c Release --project bench -- data tokenizer [corpus=FOLDER] [megabytes=20] [rounds=5] [gemma=FILE]
// dotnet run -c Release --project bench -- data bpe-train [corpus=FOLDER] [megabytes=60] [vocabulary=16384]
// dotnet run -c Release --project bench -- checkpoint [write] [load] [train] [gigabytes=1] [rounds=5] [threads=2] [folder=.]
// dotnet run -c Release --project bench -- serve [clients=1,8,32] [requests=200] [rounds=3] [tokens=48] [prompt=400] [leaving=0.2] [sequences=16] [step=128] [threads] [config=spark-8m | model=DIR]
// dotnet run -c Release --project bench -- dashboard [points=10000000] [runs=1000] [rounds=5] [playwright=artifacts/peers/node_modules/playwright-core]
// dotnet run -c Release --project bench -- decode model OUTPUT [config=configs/spark-2b.json] [seed=1] [format=huggingface|gguf]
// dotnet run -c Release --project bench -- decode speed [contexts=512,4096] [threads=1,2] [rounds=7] [tokens=4] [groups=bf16,precision] [gguf=FILE|none] [llama=mmap,flash] [json=FILE]
// dotnet run -c Release --project bench -- decode prefill [tokens=512] [chunk=512] [threads] [rounds=5] [gguf=FILE|none] [llama=mmap,flash]
// dotnet run -c Release --project bench -- decode batch [sizes=1,4,16,64] [context=512] [threads] [rounds=5] [model=DIR data=DATASET] [picture=docs/images/decode-batch.svg]
// dotnet run -c Release --project bench -- decode quality model=DIR data=DATASET [tokens=8192] [screened=40]
ProgramCulture.MakeInvariant();
return args switch
{
    ["kernels", .. var rest] => KernelBench.Run(rest),
    ["train-step", .. var rest] => TrainStepBench.Run(rest),
    ["sparsity", .. var rest] => SparsityBench.Run(rest),
    ["ranks", .. var rest] => RanksBench.Run(rest),
    ["memory", .. var rest] => MemoryBench.Run(rest),
    ["scaling", .. var rest] => ScalingBench.Run(rest),
    ["faults", .. var rest] => FaultsBench.Run(rest),
    ["fuzz", .. var rest] => FuzzBench.Run(rest),
    ["fuzz-child", .. var rest] => FuzzChild.Run(rest),
    ["checkpoint", .. var rest] => CheckpointBench.Run(rest),
    ["dashboard", .. var rest] => DashboardBench.Run(rest),
    ["decode", .. var rest] => DecodeBench.Run(rest),
    ["serve", .. var rest] => ServeBench.Run(rest),
    ["data", .. var rest] => DataBench.Run(rest),
    ["rank", .. var rest] => RankProgram.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: bench kernels [threads = all cores] [rounds = 7] [part of a name]
               bench train-step [threads = all cores] [rounds = 7]
               bench sparsity [threads] [rounds]
               bench ranks [weak] [reduction] [memory] [rounds=7] [megabytes=1,16,128,256] [ranks=2,4]
               bench memory [steps=300] [cases=part of a name]
               bench scaling [rounds=5] [picture=docs/images/scaling.svg] [network=scripts/network-namespaces.sh]
               bench faults [kills=200] [ranks=1,2] [seed=1]
               bench fuzz [readers=parquet,model,…] [seeds=1..1000] [seconds=60] [limit=30] [output=artifacts/fuzz]
               bench data loader [tokens=100] [rounds=5] [vocabulary=256000]
               bench data prepare [megabytes=60] [rounds=5] [tokenizer=bpe:16384]
               bench data tokenizer [corpus=FOLDER] [megabytes=20] [rounds=5] [gemma=FILE]
               bench data bpe-train [corpus=FOLDER] [megabytes=60] [vocabulary=16384]
               bench checkpoint [write] [load] [train] [gigabytes=1] [rounds=5] [threads=2] [folder=.]
               bench serve [clients=1,8,32] [requests=200] [rounds=3] [tokens=48] [prompt=400] [leaving=0.2] [sequences=16] [step=128] [threads] [config=spark-8m | model=DIR]
               bench dashboard [points=10000000] [runs=1000] [rounds=5] [playwright=artifacts/peers/node_modules/playwright-core]
               bench decode model OUTPUT [config=configs/spark-2b.json] [seed=1] [format=huggingface|gguf]
               bench decode speed [contexts=512,4096] [threads=1,2] [rounds=7] [tokens=4] [groups=bf16,precision] [gguf=FILE|none] [llama=mmap,flash] [json=FILE]
               bench decode prefill [tokens=512] [chunk=512] [threads] [rounds=5] [gguf=FILE|none] [llama=mmap,flash]
               bench decode batch [sizes=1,4,16,64] [context=512] [threads] [rounds=5] [model=DIR data=DATASET] [picture=docs/images/decode-batch.svg]
               bench decode quality model=DIR data=DATASET [tokens=8192] [screened=40]
        """);
    return 2;
}
