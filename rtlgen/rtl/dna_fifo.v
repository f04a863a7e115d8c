// Small first-word-fall-through FIFO in flip-flops, DEPTH a power of two. The user never pushes when full nor pops when
// empty (checked under DNA_CHECKS).
module dna_fifo #(
    parameter BITS  = 8,
    parameter DEPTH = 4,
    parameter ADDR  = 2   // log2(DEPTH)
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            push_i,
    input  wire [BITS-1:0] data_i,
    input  wire            pop_i,
    output wire            valid_o,
    output wire            full_o,
    output wire [BITS-1:0] data_o
);
    reg [BITS-1:0] storage [0:DEPTH-1];
    reg [ADDR:0] head_q, tail_q;

    assign valid_o = head_q != tail_q;
    assign full_o  = head_q == {~tail_q[ADDR], tail_q[ADDR-1:0]};
    assign data_o  = storage[tail_q[ADDR-1:0]];

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            head_q <= {(ADDR+1){1'b0}};
            tail_q <= {(ADDR+1){1'b0}};
        end else begin
            if (push_i) head_q <= head_q + 1'b1;
            if (pop_i)  tail_q <= tail_q + 1'b1;
        end
    end

    always @(posedge clk) begin
        if (push_i) storage[head_q[ADDR-1:0]] <= data_i;
    end

`ifdef DNA_CHECKS
    always @(posedge clk) if (rst_n) begin
        if (push_i && full_o && !pop_i) $fatal(1, "dna_fifo: push into a full FIFO");
        if (pop_i && !valid_o) $fatal(1, "dna_fifo: pop from an empty FIFO");
    end
`endif
endmodule
