using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;
using Sema.Onnx.Runtime.Kernels;
using static Sema.Onnx.Benchmarks.Statistic;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Benchmarks;

/// <summary><c>ops</c>: each kernel alone, beside the body of its function in ONNX Runtime's operators, and what it reaches of the machine's limits.</summary>
internal static class OpsCommand
{
    internal static Command Create()
    {
        Option<string> filter = new("--filter") { Description = "Only operators whose name and inputs, as the table shows them, hold this.", DefaultValueFactory = _ => "" };
        CountOption rounds = new("--rounds", "Runs of each; the fastest counts.", 15);
        CountOption threads = new("--threads", "Threads.", 2);
        Command command = new("ops", "Measures each kernel alone.") { filter, rounds, threads };
        command.SetAction(parsed =>
        {
            var chosen = OpCases.All.Where(o => o.Label.Contains(parsed.GetValue(filter)!, StringComparison.OrdinalIgnoreCase)).ToList();
            if (chosen.Count == 0)
                throw new InvalidInputException($"No operator's name and inputs hold '{parsed.GetValue(filter)}'; without --filter all are listed.");
            Console.WriteLine("| operator | inputs | kernel, ms | body, ms | body / kernel | GFLOP/s | GB/s |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |");
            foreach (var op in chosen)
                Measure(op, parsed.GetValue(rounds), parsed.GetValue(threads));
        });
        return command;
    }

    private static void Measure(OpCase op, int rounds, int threads)
    {
        var random = new Random(0);
        var inputs = op.Inputs.Select((shape, i) => (Name: $"x{i}", Tensor: op.Draw(i, shape, random))).ToDictionary(x => x.Name, x => x.Tensor);
        var model = Model(op, inputs);
        using Run kernel = new(model, inputs, threads, kernels: true), body = new(model, inputs, threads, kernels: false);
        var (fast, slow) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < rounds; round++)
            (fast, slow) = (Math.Min(fast, kernel.Time()), Math.Min(slow, body.Time()));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {op.Label} | {fast:F2} | {slow:F2} | {slow / fast:F1} "
            + $"| {(op.Flops > 0 ? op.Flops / fast / 1e6 : 0):F0} | {(inputs.Values.Sum(t => t.Bytes.Length) + kernel.OutputBytes) / fast / 1e6:F1} |"));
    }

    private static Model Model(OpCase op, Dictionary<string, HostTensor> inputs)
    {
        var graph = new Graph("op");
        var values = inputs.Select(i => graph.AddInput(i.Key, i.Value.Type, Shape.Of([.. i.Value.Shape]))).ToList();
        var types = KernelTable.All.Single(k => k.Name == op.Name).Outputs;
        graph.Outputs.AddRange(graph.AddNode(op.Name, Graphs.Model.SemaDomain, values, op.Attributes, types.Length).Outputs.Zip(types, (o, type) => o!.As(type)));
        return Composer.Shell(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } }, graph);
    }

    /// <summary>A session with its inputs and outputs bound.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Session _session;
        private readonly Binding _binding;

        internal Run(Model model, Dictionary<string, HostTensor> inputs, int threads, bool kernels)
        {
            _session = new(model, new() { Threads = threads, Kernels = kernels });
            _binding = new(_session);
            foreach (var (name, tensor) in inputs)
                _binding.BindInput(name, tensor);
            foreach (var name in _session.Outputs.Keys)
                _binding.BindOutputToHost(name);
            _session.Run(_binding);
            var outputs = _binding.ReadHostOutputs();
            OutputBytes = outputs.Values.Sum(o => (long)o.Bytes.Length);

            // Written in place from now on, so that nothing but the operator is measured.
            foreach (var (name, tensor) in outputs)
                _binding.BindOutput(name, tensor);
        }

        internal long OutputBytes { get; }

        internal double Time()
        {
            var start = Stopwatch.GetTimestamp();
            _session.Run(_binding);
            return Milliseconds(start, Stopwatch.GetTimestamp());
        }

        public void Dispose()
        {
            _binding.Dispose();
            _session.Dispose();
        }
    }
}

/// <summary>One operator with inputs as a benchmark model has them.</summary>
/// <param name="Name">The operator.</param>
/// <param name="Inputs">The inputs' sizes.</param>
/// <param name="Flops">Its multiplications and additions; 0 where memory is what counts.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record OpCase(string Name, long[][] Inputs, double Flops, params Attribute[] Attributes)
{
    /// <summary>Gets, by position, integer inputs and the bound of their numbers.</summary>
    internal Dictionary<int, long> Integers { get; init; } = [];

    /// <summary>Gets the name and the inputs' sizes, as the table shows them.</summary>
    internal string Label => $"{Name} | {string.Join(' ', Inputs.Select(s => $"[{string.Join(',', s)}]"))}";

    /// <summary>Makes an input: floats from 0.1 to 1.1, integers below their bound.</summary>
    internal HostTensor Draw(int input, long[] shape, Random random)
    {
        var count = (int)Shape.Of(shape).Count;
        return Integers.TryGetValue(input, out var bound)
            ? HostTensor.Of<long>([.. Enumerable.Range(0, count).Select(_ => random.NextInt64(bound))], shape)
            : HostTensor.Of<float>([.. Enumerable.Range(0, count).Select(_ => random.NextSingle() + 0.1f)], shape);
    }
}
